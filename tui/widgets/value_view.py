"""The value of one key."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from catalog import KeyInfo
from tui.amounts import moment, quantity, size
from tui.badges import KEY_BADGES
from tui.plain import plain
from tui.values import Document

from .text_view import TextView, continued


class ValueView(TextView):
    """A decoded value, with what it is above it."""

    BORDER_TITLE = "Value"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._info: KeyInfo | None = None
        self._document: Document | None = None
        self._words = Content("")

    @property
    def has_more(self) -> bool:
        """Whether only the first lines of the value are shown."""
        return self._document is not None and self._document.left_out != 0

    @property
    def lines_shown(self) -> int:
        """How many lines of the value are shown."""
        return len(self._document.body.fit(80)) if self._document else 0

    def show_words(self, info: KeyInfo | None, words: Content) -> None:
        """Show words in the place of a value."""
        self._info, self._document, self._words = info, None, words
        self.border_title = "Value" if info is None else Content(plain(info.key))
        self.border_subtitle = ""
        self.lay_out()

    def show_document(self, info: KeyInfo, document: Document) -> None:
        """Show the value of a key; more of the same value stays where it was scrolled to."""
        is_same = self._info is info and self._document is not None
        self._info, self._document = info, document
        self.border_title = Content(plain(info.key))
        self.border_subtitle = "m: more of it" if self.has_more else ""
        self.lay_out(keep_place=is_same)

    def rows_for(self, width: int) -> Sequence[Content]:
        """Give the facts, the warning and the lines of the value."""
        if self._document is None or self._info is None:
            return [Content(""), *[row for line in self._words.split(allow_blank=True) for row in continued(line, width)]]
        head = [*self._heading(width), Content("")]
        for line in self._document.warning.split("\n") if self._document.warning else ():
            head += continued(Content.styled(line, "$state-trouble"), width)
        if self._document.warning:
            head.append(Content(""))
        body = self._document.body
        for part in self._document.preface:
            head += [*(line.truncate(width, ellipsis=True) for line in part.fit(width)), Content("")]
        lines = body.fit(width)
        if not body.wraps:
            return _Joined(head, lines)
        rows = [*head, *(row for line in lines for row in continued(line, width))]
        if self._document.left_out:
            count = f"{quantity(self._document.left_out, 'more line')}" if self._document.left_out > 0 else "more lines"
            rows += [Content(""), Content.styled(f"⋯ {count}; m shows more", "$quiet")]
        return rows

    def _heading(self, width: int) -> list[Content]:
        assert self._document is not None
        assert self._info is not None
        badge = KEY_BADGES[self._info.state]
        facts = Content.assemble(
            (self._document.kind, "bold"),
            (f"  {size(self._info.size)}  {moment(self._info.timestamp)}  ", "$quiet"),
        )
        state = Content.assemble(badge.content(), (f" {badge.words}", "$quiet"))
        together = Content.assemble(facts, state)
        return (
            [together]
            if together.cell_length <= width
            else [facts.truncate(width, ellipsis=True), state.truncate(width, ellipsis=True)]
        )


class _Joined(Sequence[Content]):
    """Two runs of rows as one, without making the second."""

    def __init__(self, head: list[Content], body: Sequence[Content]) -> None:
        self._head = head
        self._body = body

    def __len__(self) -> int:
        return len(self._head) + len(self._body)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._head[index] if index < len(self._head) else self._body[index - len(self._head)]
