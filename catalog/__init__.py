"""Key/value databases that stay in step with S3, and groups of connections to them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.public import *  # noqa: F403 - every public name is in one list there
    from catalog.public import __all__ as __all__
else:
    # Hidden from type checkers, who would take any name to be there.

    def __getattr__(name: str) -> Any:
        """Bring all public names when the first one is used: the command line must not wait for the engine to draw a line."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
        from catalog import public  # noqa: PLC0415

        if name == "__all__":
            return public.__all__
        globals().update({each: getattr(public, each) for each in public.__all__})
        try:
            return globals()[name]
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

    def __dir__() -> list[str]:
        """The public names, and what a module has."""
        return sorted({*globals(), *__getattr__("__all__")})
