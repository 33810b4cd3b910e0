"""What an error says, as it is shown: what happened, and below it what to do next."""

from __future__ import annotations

from textual.content import Content

from catalog import CatalogError

from .plain import plain


def trouble(error: CatalogError) -> Content:
    """Show an error in the place of what it kept from being shown."""
    return told(error.message, error.hint, "$state-trouble")


def told(message: str, hint: str, style: str = "") -> Content:
    """Show a message, and below it what to do next, if there is something."""
    return Content.assemble((plain(message), style), (f"\n\n{plain(hint)}" if hint else "", "$quiet"))
