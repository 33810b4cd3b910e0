"""Where a value may be written: a name for its file, and what is wrong with a path."""

from __future__ import annotations

import re
from pathlib import Path

_UNSAFE = re.compile(r"[^\w.@+=,-]+")
_LONGEST = 100


def file_name(key: str) -> str:
    """Make a file name of the last part of a key."""
    last = key.rstrip("/").rpartition("/")[2]
    return _UNSAFE.sub("_", last).strip("._")[-_LONGEST:] or "value"


def wrong_path(text: str) -> str:
    """Say why a new file cannot be made there; nothing when it can."""
    if not text.strip():
        return "Type the path of a file."
    try:
        path = Path(text).expanduser()
        if "\0" in text:
            return "This is no path on this machine."
        if path.is_dir():
            return "This is a folder: add the name of a file."
        if path.exists() or path.is_symlink():
            return "This file exists already, and nothing is overwritten: choose another name."
        if not path.parent.is_dir():
            return "There is no such folder."
    except (OSError, RuntimeError, ValueError):
        return "This is no path on this machine."
    return ""
