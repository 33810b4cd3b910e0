"""What an error says, as it is shown: what happened, and below it what to do next."""

from __future__ import annotations

from textual.content import Content

from catalog import CatalogError, EntryExistsError, UnseenCommitsError

from .plain import plain

_WAYS_ON: dict[type[CatalogError], str] = {
    UnseenCommitsError: "Look at what is new in the history, pull it, then decide again.",
    EntryExistsError: "Add the copy to another group. If the database has moved there, remove its entry first.",
}


def way_on(error: CatalogError) -> str:
    """What to do next, in the words of the screen."""
    return next((words for kind, words in _WAYS_ON.items() if isinstance(error, kind)), error.hint)


def trouble(error: CatalogError) -> Content:
    """Show an error in the place of what it kept from being shown."""
    return told(error.message, way_on(error), "$state-trouble")


def told(message: str, hint: str, style: str = "") -> Content:
    """Show a message, and below it what to do next, if there is something."""
    return Content.assemble((plain(message), style), (f"\n\n{plain(hint)}" if hint else "", "$quiet"))
