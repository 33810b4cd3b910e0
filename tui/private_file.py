"""A small file of the program's own that only its owner can read, and that is written as a whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

LEFT, DRAFTS = "screen.json", "drafts.json"
"""What the files are called: how the program was left, and what was typed and not used."""
_LARGEST = 4 << 20


def read_json(path: Path | None) -> Any:
    """What is in a file; None when there is none, or when it cannot be understood: nothing depends on it."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: Path, value: Any) -> None:
    """Put a value in the place of what is in a file; where that cannot be written, nothing happens."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Its mode is 0600 from the beginning.
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(value, file)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
