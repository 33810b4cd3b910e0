"""How the keys of a database are listed: which of them, as folders or one by one, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Order = Literal["key", "size", "time"]
ORDERS: tuple[Order, ...] = ("key", "size", "time")
_NEXT: dict[Order, Order] = {"key": "size", "size": "time", "time": "key"}
_WORDS = {"key": "", "size": "largest first", "time": "newest first"}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """``folder`` is where one is in the tree, ``typed`` what the shown keys begin with there."""

    is_tree: bool = False
    separator: str = "/"
    folder: str = ""
    typed: str = ""
    order: Order = "key"

    @property
    def prefix(self) -> str:
        """What all shown keys begin with."""
        return self.folder + self.typed

    @property
    def shows_folders(self) -> bool:
        """Whether keys that go on in the same way are one row; never in another order than that of keys."""
        return self.is_tree and self.order == "key"

    @property
    def words(self) -> str:
        """What is unusual about the order, in words."""
        return _WORDS[self.order]

    def toggled(self) -> Arrangement:
        """Folders instead of a plain list, or back; from the first folder on."""
        return replace(self, is_tree=not self.is_tree, folder="", order="key")

    def sorted_next(self) -> Arrangement:
        """The next order."""
        return replace(self, order=_NEXT[self.order])

    def inside(self, folder: str) -> Arrangement:
        """A folder of this one."""
        return replace(self, folder=folder, typed="")

    def outside(self) -> Arrangement | None:
        """The folder that this one is in; None at the top."""
        if not self.folder:
            return None
        above = self.folder[: -len(self.separator)].rfind(self.separator) if self.folder.endswith(self.separator) else -1
        return replace(self, folder=self.folder[: above + len(self.separator)] if above >= 0 else "", typed="")
