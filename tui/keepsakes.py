"""What outlives a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .drafts import Drafts
from .private_file import DRAFTS, LEFT
from .remembered import Remembered


@dataclass(frozen=True)
class Keepsakes:
    """What was typed and not used, and how the program was left."""

    drafts: Drafts
    remembered: Remembered

    @classmethod
    def in_folder(cls, folder: Path | None) -> Keepsakes:
        """Kept in a folder, or for this session only where there is none."""
        return cls(Drafts(folder and folder / DRAFTS), Remembered(folder and folder / LEFT))

    def save(self) -> None:
        """Write all of it."""
        self.drafts.save()
        self.remembered.save()
