"""Which rows of a long list of keys are in memory, and which to ask for next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog import KeyGroup, KeyInfo

KeyRow = KeyInfo | KeyGroup

PAGE = 200
_KEPT_PAGES = 40
FAR = 40_000
"""How many rows are walked past at once on the way to a place of a folder where nobody has been."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run of rows to read: page number, the row before it where that is known, and how many."""

    page: int
    after: KeyRow | None
    limit: int


@dataclass
class KeyPages:
    """A window on a list whose rows can be read from any place on.

    Of a million rows it holds a few thousand. ``expected`` is how many rows there should be; the true number takes its place
    when the end has been seen.
    """

    expected: int = 0
    end: int | None = None
    _pages: OrderedDict[int, Sequence[KeyRow]] = field(default_factory=OrderedDict)

    @property
    def count(self) -> int:
        """How many rows the list has, as far as is known."""
        return self.end if self.end is not None else max(self.expected, self._seen)

    @property
    def _seen(self) -> int:
        last = max(self._pages, default=0)
        return last * PAGE + len(self._pages.get(last, ()))

    def row(self, index: int) -> KeyRow | None:
        """Give one row, or None when it is not in memory."""
        page = self._pages.get(index // PAGE)
        if page is None or index % PAGE >= len(page):
            return None
        self._pages.move_to_end(index // PAGE)
        return page[index % PAGE]

    def wanted(self, first: int, last: int) -> Wanted | None:
        """Say what to read so that rows ``first`` to ``last`` can be shown, or None when they can."""
        if self.end is not None:
            last = min(last, self.end - 1)
        for page in range(max(first, 0) // PAGE, last // PAGE + 1):
            if not self._has(page):
                return self._read_for(page)
        return None

    def _has(self, page: int) -> bool:
        have = self._pages.get(page)
        is_end = self.end is not None and page == (self.end - 1) // PAGE
        return have is not None and (len(have) == PAGE or is_end)

    def _read_for(self, page: int) -> Wanted:
        before = self._pages.get(page - 1, ())
        return Wanted(page, before[-1] if len(before) == PAGE else None, PAGE)

    def expect(self, rows: int) -> None:
        """Take the true number of rows, where it was counted."""
        self.end = rows

    def add(self, page: int, limit: int, rows: Sequence[KeyRow]) -> None:
        """Take rows that were read for `wanted`; fewer than asked for means that the list ends with them."""
        for start in range(0, len(rows), PAGE):
            self._keep(page + start // PAGE, rows[start : start + PAGE])
        if len(rows) < limit:
            self.end = page * PAGE + len(rows)
            if not rows:
                self._pages[page] = ()

    def _keep(self, page: int, rows: Sequence[KeyRow]) -> None:
        self._pages[page] = rows
        self._pages.move_to_end(page)
        while len(self._pages) > _KEPT_PAGES:
            self._pages.popitem(last=False)


@dataclass
class WalkedPages(KeyPages):
    """A window on a list that is read only forward, such as a folder: it keeps one row of each page as a bookmark."""

    _bookmarks: list[KeyRow | None] = field(default_factory=lambda: [None])

    @property
    def _seen(self) -> int:
        last = len(self._bookmarks) - 1
        return last * PAGE + len(self._pages.get(last, ()))

    def _read_for(self, page: int) -> Wanted:
        if page < len(self._bookmarks):
            return Wanted(page, self._bookmarks[page], PAGE)
        start = len(self._bookmarks) - 1
        return Wanted(start, self._bookmarks[start], min(page - start + 1, FAR // PAGE) * PAGE)

    def _keep(self, page: int, rows: Sequence[KeyRow]) -> None:
        super()._keep(page, rows)
        if len(rows) == PAGE and page + 1 == len(self._bookmarks):
            self._bookmarks.append(rows[-1])
