"""What an error says on the screen: in its own words, and none of Python's or the command line's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import catalog
from catalog import (
    CatalogError,
    ConflictError,
    EntryExistsError,
    LockTimeoutError,
    NotApprovedError,
    ReadOnlyError,
    UnseenCommitsError,
)
from tui.kit.trouble import in_words, said, way_on


def _is_code(words: str) -> bool:
    return any(mark in words for mark in ("=", " --", "()", " catalog.", "flag", "`"))


@pytest.mark.parametrize(
    "error",
    [
        EntryExistsError("ab" * 16, "here", "there"),
        UnseenCommitsError("here", (), 1),
        ConflictError(["a"], "here"),
        LockTimeoutError("here", "bo", 3),
        NotApprovedError("Not yet."),
    ],
)
def test_the_way_on_is_one_of_the_screens(error: CatalogError) -> None:
    """Arguments of functions and options of commands are no help there."""
    assert way_on(error)
    assert not _is_code(way_on(error))


def test_other_errors_say_what_they_say() -> None:
    """The hint of an error that the screen has no words of its own for; of it, what is no code."""
    assert way_on(ReadOnlyError("closed", hint="Open it.")) == "Open it."
    assert way_on(CatalogError("none", hint="Check the address. To make one, open it with flag='c'.")) == "Check the address."
    assert said(CatalogError("There is none.", hint="Call load_items() first.")) == "There is none."


def test_what_the_library_has_noted_is_said_without_code() -> None:
    """A problem of a database was made of an error: what happened stays, whatever it looks like."""
    approve = str(NotApprovedError("earth names a server that was not approved."))
    assert in_words(approve) == "earth names a server that was not approved."
    assert in_words("No keys for s3 (--x). Store them: catalog credentials add lab.") == "No keys for s3 (--x)."
    assert in_words("/a=b/f(1).blt is damaged. Move it away.") == "/a=b/f(1).blt is damaged. Move it away."


def _hints() -> Iterator[str]:
    """Every hint that the library gives, as far as it stands in its text."""
    for path in Path(catalog.__file__).parent.rglob("*.py"):
        if {"cli", "testing", "demo"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint" and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def test_no_hint_of_the_library_brings_code_to_the_screen() -> None:
    """Whatever the library advises, nothing of it is a call, an argument or an option when it is shown."""
    hints = [*_hints()]

    assert len(hints) > 50
    assert [shown for hint in hints if _is_code(shown := way_on(CatalogError("It failed.", hint=hint)))] == []
