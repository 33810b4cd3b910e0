"""What an error says, as it is shown: what happened, and below it what to do next, in words of the screen.

The library speaks to who writes Python, and to the command line; whoever sits before the screen has keys to press.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from textual.content import Content

from catalog import (
    CatalogError,
    ConflictError,
    CredentialsError,
    EntryExistsError,
    LockTimeoutError,
    NotApprovedError,
    UnseenCommitsError,
    UntrustedValueError,
)

from .plain import plain

_WAYS_ON: dict[type[CatalogError], str] = {
    UnseenCommitsError: "Look at what is new in the history, pull it, then decide again.",
    EntryExistsError: "Add the copy to another group. If the database has moved there, remove its entry first.",
    ConflictError: "Look at all sides of each conflict in the changes, settle it, then push again.",
    LockTimeoutError: "Close it there, or try again later.",
    NotApprovedError: "Enter on the database asks whether its place may be used.",
    UntrustedValueError: "Whoever trusts who made this database can read it with Python.",
}
_CODE = re.compile(
    r"\w\(|\b\w+=(?:True|False|…|'|\"|[,).;]|\s|$)|(?<![\w./-])--[a-z]|\bcatalog(?:\.\w+)+|\bcatalog [a-z]+ [a-z]+ |\bflag\b|`"
)
"""What is no sentence for somebody who sits before the screen: a call, an argument, an option, a command."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“])")


def way_on(error: CatalogError, translated: Callable[[str], str] = str) -> str:
    """What to do next, in the words of the screen; what stands for an option there may be ``translated`` first."""
    if (words := next((words for kind, words in _WAYS_ON.items() if isinstance(error, kind)), None)) is not None:
        return words
    said = " ".join(sentence for sentence in _SENTENCE.split(translated(error.hint)) if not _CODE.search(sentence))
    if not said and error.hint and isinstance(error, CredentialsError):
        return "e enters keys for it, K shows which there are."
    return said


def said(error: CatalogError) -> str:
    """What happened, and what to do next."""
    return f"{error.message} {way_on(error)}".rstrip()


def in_words(problem: str) -> str:
    """What the library has noted as a problem, without what is said to who writes Python."""
    first, *rest = _SENTENCE.split(problem)
    return " ".join([first, *(sentence for sentence in rest if not _CODE.search(sentence))])


def trouble(error: CatalogError) -> Content:
    """Show an error in the place of what it kept from being shown."""
    return told(error.message, way_on(error), "$state-trouble")


def told(message: str, hint: str, style: str = "") -> Content:
    """Show a message, and below it what to do next, if there is something."""
    return Content.assemble((plain(message), style), (f"\n\n{plain(hint)}" if hint else "", "$quiet"))
