"""What is as it was left: the look, the database, the order of keys, and where panes end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .private_file import read_json, write_json


class Left(BaseModel):
    """How a session was left.

    ``theme`` was chosen over ``settings_theme`` of the settings. ``shares`` say how much of two panes beside each other the first
    has, in percent, by the name of the split.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    theme: str = ""
    settings_theme: str = ""
    group: str = ""
    database: str = ""
    order: str = "key"
    is_tree: bool = False
    separator: str = ""
    is_zoomed: bool = False
    shares: Mapping[str, int] = Field(default_factory=dict)


class Remembered:
    """Keeps it in a file, or for this session only where there is none."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._is_saved = True
        try:
            self.left = Left.model_validate(read_json(path) or {})
        except ValidationError:
            self.left = Left()

    def note(self, **changes: Any) -> None:
        """Note how it is now; it is written when `save` is called."""
        changed = self.left.model_copy(update=changes)
        if changed != self.left:
            self.left, self._is_saved = changed, False

    @property
    def is_saved(self) -> bool:
        """Whether all of it is written."""
        return self._is_saved

    def save(self) -> None:
        """Write it."""
        with self._lock:
            if not self._is_saved and self._path is not None:
                write_json(self._path, self.left.model_dump(mode="json"))
            self._is_saved = True
