"""A short menu: each entry has a letter; those that cannot be used now say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size

from .dialog import Dialog
from .plain import plain
from .row_list import RowList

_WORDS_WIDTH = 30


@dataclass(frozen=True)
class Offer:
    """One entry of a menu; ``refusal`` says why it cannot be used now, ``doubt`` why perhaps: who chooses it is told."""

    id: str
    letter: str
    words: str
    help: str = ""
    refusal: str = ""
    doubt: str = ""

    @property
    def hindrance(self) -> str:
        """What stands in its way, as far as is known."""
        return self.refusal or self.doubt


class MenuList(RowList):
    """The entries."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        super().__init__(id="menu")
        self.offers = offers

    @property
    def row_count(self) -> int:
        """How many entries there are."""
        return len(self.offers)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many rows as there are entries, up to a few more than fit the smallest screen."""
        return min(len(self.offers), 14)

    def draw_row(self, index: int, width: int) -> Content:
        """Draw one entry: its letter, its words, and what it does or why it cannot."""
        offer = self.offers[index]
        hindrance = offer.hindrance
        style = "$line" if hindrance else ""
        letter = Content.styled(offer.letter, "$line" if hindrance else "bold $accent")
        words = Content.assemble(letter, "  ", (plain(offer.words), style))
        room = max(0, min(_WORDS_WIDTH, width - 3) - words.cell_length)
        note = Content.styled(f"  {hindrance or offer.help}", "$line" if hindrance else "$quiet")
        return Content.assemble(words, " " * room, note).truncate(width, ellipsis=True)

    def cursor_chosen(self) -> None:
        """Choose the entry that was clicked twice."""
        if isinstance(self.screen, MenuDialog):
            self.screen.action_choose()


class MenuDialog(Dialog[str]):
    """Gives the id of what was chosen; None when nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Cancel", show=False),
        Binding("enter,right", "choose", "Choose", show=False, priority=True),
    ]

    def __init__(self, title: str, offers: Sequence[Offer]) -> None:
        super().__init__()
        self._title = title
        self._offers = offers

    def compose(self) -> ComposeResult:
        """The entries."""
        with Vertical(classes="box wide menu") as box:
            box.border_title = Content(plain(self._title))
            box.border_subtitle = "a letter, or enter · esc cancel"
            yield MenuList(self._offers)

    def on_mount(self) -> None:
        """Put the cursor on the first entry that can be used."""
        menu = self.query_one(MenuList)
        menu.focus()
        menu.cursor = next((index for index, offer in enumerate(self._offers) if not offer.hindrance), 0)

    def on_key(self, event: events.Key) -> None:
        """Choose by letter; letters come before the keys of the list."""
        offer = next((offer for offer in self._offers if offer.letter and offer.letter == event.character), None)
        if offer is not None:
            event.stop()
            event.prevent_default()
            self._take(offer)

    def action_choose(self) -> None:
        """Choose the entry of the cursor."""
        if self._offers:
            self._take(self._offers[self.query_one(MenuList).cursor])

    def _take(self, offer: Offer) -> None:
        if offer.refusal:
            self.notify(plain(offer.refusal), severity="warning", markup=False)
        else:
            self.dismiss(offer.id)
