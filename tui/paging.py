"""Which keys of a long list are in memory, and which to ask for next."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from catalog import KeyInfo

PAGE = 200
_KEPT_PAGES = 40
FAR = 40_000
"""How many keys are walked past at once on the way to a place nobody has been."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run of keys to read: page number, the key before it, and how many."""

    page: int
    after: str | None
    limit: int


@dataclass
class KeyPages:
    """A window on the sorted keys of a database.

    Of a million keys it holds a few thousand, and one key for each page of 200 as a bookmark. ``expected`` is how many keys
    there should be; the true number takes its place when the end has been seen.
    """

    expected: int = 0
    end: int | None = None
    _bookmarks: list[str | None] = field(default_factory=lambda: [None])
    _pages: OrderedDict[int, list[KeyInfo]] = field(default_factory=OrderedDict)

    @property
    def known(self) -> int:
        """How many keys have been walked past."""
        last = len(self._bookmarks) - 1
        return last * PAGE + len(self._pages.get(last, ()))

    @property
    def count(self) -> int:
        """How many rows the list has, as far as is known."""
        return self.end if self.end is not None else max(self.expected, self.known)

    def row(self, index: int) -> KeyInfo | None:
        """Give one key, or None when it is not in memory."""
        page = self._pages.get(index // PAGE)
        if page is None or index % PAGE >= len(page):
            return None
        self._pages.move_to_end(index // PAGE)
        return page[index % PAGE]

    def wanted(self, first: int, last: int) -> Wanted | None:
        """Say what to read so that rows ``first`` to ``last`` can be shown, or None when they can."""
        if self.end is not None:
            last = min(last, self.end - 1)
        for page in range(first // PAGE, last // PAGE + 1):
            if page < len(self._bookmarks):
                have = self._pages.get(page)
                is_end = self.end is not None and page == (self.end - 1) // PAGE
                if have is None or (len(have) < PAGE and not is_end):
                    return Wanted(page, self._bookmarks[page], PAGE)
            else:
                start = len(self._bookmarks) - 1
                pages = min(page - start + 1, FAR // PAGE)
                return Wanted(start, self._bookmarks[start], pages * PAGE)
        return None

    def add(self, page: int, limit: int, keys: list[KeyInfo]) -> None:
        """Take keys that were read for `wanted`; fewer than asked for means that the list ends with them."""
        for start in range(0, len(keys), PAGE):
            self._keep(page + start // PAGE, keys[start : start + PAGE])
        if len(keys) < limit:
            self.end = page * PAGE + len(keys)
            if not keys:
                self._pages[page] = []

    def _keep(self, page: int, keys: list[KeyInfo]) -> None:
        self._pages[page] = keys
        self._pages.move_to_end(page)
        if len(keys) == PAGE and page + 1 == len(self._bookmarks):
            self._bookmarks.append(keys[-1].key)
        while len(self._pages) > _KEPT_PAGES:
            self._pages.popitem(last=False)
