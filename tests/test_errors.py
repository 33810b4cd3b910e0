"""The errors, as callers in other processes and notebooks get them."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import catalog
from catalog import Commit
from catalog.errors import CatalogError, ConflictError, LockTimeoutError, NotApprovedError

_VALUES: dict[str, Any] = {
    "line": 2,
    "column": 5,
    "keys": ("a", "b"),
    "seconds": 1.5,
    "kind": "locked",
    "commits": (),
    "count": 3,
    "here": Commit("ab" * 16, 2, None, datetime(2026, 1, 1, tzinfo=UTC), "me", ""),
    "there": Commit("cd" * 16, 1, None, datetime(2026, 1, 1, tzinfo=UTC), "them", ""),
}


def _all_kinds() -> list[type[CatalogError]]:
    for module in pkgutil.walk_packages(catalog.__path__, "catalog."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted(_below(CatalogError), key=lambda kind: kind.__qualname__)


def _below(kind: type[CatalogError]) -> Iterator[type[CatalogError]]:
    if kind.__module__.startswith("catalog."):
        yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def _made(kind: type[CatalogError]) -> CatalogError:
    """An error of a kind, with something in every argument of its constructor."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        value = _VALUES.get(name, f"the {name}")
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            named[name] = value
        else:
            positional.append(value)
    return kind(*positional, **named)


@pytest.mark.parametrize("kind", dict.fromkeys(_all_kinds()), ids=lambda kind: kind.__name__)
def test_errors_can_be_pickled(kind: type[CatalogError]) -> None:
    """An error comes out of another process, or of a copy, with its kind, words and values."""
    error = _made(kind)

    for same in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(same) is kind
        assert (str(same), same.args, vars(same)) == (str(error), error.args, vars(error))


def test_the_kinds_that_ask_for_more_are_among_them() -> None:
    """The test above reaches every kind, also those whose constructor takes no message."""
    assert {ConflictError, LockTimeoutError, NotApprovedError} < set(_all_kinds())
    assert len(_all_kinds()) > 25
