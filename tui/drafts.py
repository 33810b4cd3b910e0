"""What was typed into forms and messages and not used yet: it survives a cancel, a failure and the end of the program.

Secrets are never among it: fields for them do not pass them on, and addresses that hold one are left out here.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .private_file import read_json, write_json

_DAYS = 30
_MOST = 100
_MOST_CHARACTERS = 1_000_000
"""Of all drafts together; the oldest go first."""
_SECRET = re.compile(
    r"://\S*@|[^\s:@]:[^\s@]+@\S|://\S*[?&#]\S*(x-(amz|goog)-|sig=|auth|policy=|key-pair-id=|signature|secret|passw|pwd|credential|token|key[^=]*=)",
    re.IGNORECASE,
)
"""What in a text is, or may be, an address with a password or a signature."""
_Name = tuple[str, str]


@dataclass(frozen=True)
class Kept:
    """What was typed, by field, and when, in seconds since 1970."""

    values: Mapping[str, str]
    at: float


class Drafts:
    """The drafts of one catalog, in a file, or in memory only where there is none. Its methods may be called from any thread."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[_Name, Kept] = {}
        self._changed: set[_Name] = set()
        self._is_read = False

    def of(self, form: str, about: str) -> Draft:
        """The draft of a form about a database or a group."""
        return Draft(self, (form, about))

    def find(self, name: _Name) -> Kept | None:
        """What was typed."""
        with self._lock:
            self._read()
            return self._kept.get(name)

    def keep(self, name: _Name, values: Mapping[str, str]) -> None:
        """Keep what was typed, but for what may be secret; it is written when `save` is called."""
        harmless = {field: text for field, text in values.items() if not _SECRET.search(text)}
        with self._lock:
            self._read()
            self._kept.pop(name, None)
            if any(text.strip() for text in harmless.values()):
                self._kept[name] = Kept(harmless, self._clock())
            self._changed.add(name)

    def forget(self, name: _Name) -> None:
        """Forget what was typed: it was used."""
        self.keep(name, {})

    @property
    def is_saved(self) -> bool:
        """Whether all of it is written."""
        return not self._changed

    def save(self) -> None:
        """Write what has changed, beside what other programs have written meanwhile."""
        with self._lock:
            if not self._changed or self._path is None:
                self._changed.clear()
                return
            others = {name: kept for name, kept in _parsed(read_json(self._path)) if name not in self._changed}
            own = {name: self._kept[name] for name in self._changed if name in self._kept}
            self._changed.clear()
            self._kept = _bounded({**others, **own}, self._clock())
            write_json(self._path, {"version": 1, "drafts": [_stored(name, kept) for name, kept in self._kept.items()]})

    def _read(self) -> None:
        if not self._is_read:
            self._is_read = True
            self._kept = _bounded(dict(_parsed(read_json(self._path))), self._clock())


@dataclass(frozen=True)
class Draft:
    """What was typed into one form about one database."""

    drafts: Drafts
    name: _Name

    @property
    def kept(self) -> Kept | None:
        """What was typed, if anything was."""
        return self.drafts.find(self.name)

    def keep(self, values: Mapping[str, str]) -> None:
        """Keep what was typed."""
        self.drafts.keep(self.name, values)

    def forget(self) -> None:
        """Forget it."""
        self.drafts.forget(self.name)


def _bounded(kept: Mapping[_Name, Kept], now: float) -> dict[_Name, Kept]:
    """The newest of them, oldest first."""
    chosen, room = list[tuple[_Name, Kept]](), _MOST_CHARACTERS
    for name, one in sorted(kept.items(), key=lambda item: -item[1].at)[:_MOST]:
        room -= sum(map(len, one.values.values()))
        if room < 0:
            break
        if now - one.at <= _DAYS * 86_400:
            chosen.append((name, one))
    return dict(reversed(chosen))


def _stored(name: _Name, kept: Kept) -> dict[str, Any]:
    return {"form": name[0], "about": name[1], "at": kept.at, "values": dict(kept.values)}


def _parsed(stored: Any) -> Iterator[tuple[_Name, Kept]]:
    """What a file says, as far as it is drafts."""
    found = stored.get("drafts") if isinstance(stored, dict) else None
    for one in found if isinstance(found, list) else ():
        match one:
            case {"form": str(form), "about": str(about), "at": float() | int() as at, "values": dict(values)}:
                if all(isinstance(field, str) and isinstance(text, str) for field, text in values.items()):
                    yield (form, about), Kept(values, float(at))
            case _:
                continue
