"""The door by which all leaves: what was encoded is decoded again, with the reader's own checks, before it goes anywhere."""

from __future__ import annotations

from collections.abc import Callable

from catalog.errors import CatalogError, InvalidInputError


def check_readable(what: str, decode: Callable[[], object]) -> None:
    """Raise InvalidInputError where ``decode`` cannot read what was just encoded: no reader could."""
    try:
        decode()
    except CatalogError as error:
        raise InvalidInputError(f"{what} cannot be written: {error.message}", hint=error.hint) from None
