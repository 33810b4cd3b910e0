"""Notices when another process of this machine changes a working copy: a notebook, another shell.

Such a change shows in the files beside each other, whose times and sizes are looked at every second in a thread of its own; the
screen hears of it only when there is something to hear.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

_EVERY = 1.0
_BESIDE = ("", ".sync", ".sync-wal")
"""The data file, and what is kept beside it."""
_AT_ONCE, _THEN_EACH = 3, 5
"""So many looks in a row a change is told at once; one that goes on longer is told at every so many looks, and at its end."""
Marks = tuple[tuple[int, int], ...]


def marks_of(file: Path) -> Marks:
    """The times and sizes of a working copy; zeros for what is not there."""
    return tuple(_mark(file.with_name(file.name + end)) for end in _BESIDE)


def _mark(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


class Watch:
    """Looks at working copies, and tells which have changed, and of each whether its data file has, or only what is beside it.

    One that the program itself ``is_reading`` is looked at afterwards: to read opens and closes files. ``tell`` is called in the
    watching thread.
    """

    def __init__(self, tell: Callable[[Mapping[str, bool]], None], is_reading: Callable[[str], bool] = lambda _: False) -> None:
        self._tell = tell
        self._is_reading = is_reading
        self._lock = threading.Lock()
        self._kinds: dict[str, Mapping[str, Path]] = {}
        self._seen: dict[str, Marks] = {}
        self._streaks: dict[str, int] = {}
        self._untold: set[str] = set()
        self._ended = threading.Event()

    @property
    def _files(self) -> dict[str, Path]:
        return {key: file for files in self._kinds.values() for key, file in files.items()}

    def follow(self, files: Mapping[str, Path], kind: str = "") -> None:
        """Look at these from now on, by a name for each, in the place of what was followed before of their kind."""
        new = {key: marks_of(file) for key, file in files.items() if key not in self._seen}
        with self._lock:
            self._kinds[kind] = dict(files)
            self._seen = {key: self._seen.get(key) or new[key] for key in self._files}

    def expect(self, keys: Iterable[str]) -> None:
        """Take these as they are now: whoever changed them knows."""
        with self._lock:
            for key in keys:
                if file := self._files.get(key):
                    self._seen[key] = marks_of(file)
                    self._untold.discard(key)

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="catalog-watch", daemon=True).start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def look(self) -> dict[str, bool]:
        """Look once; what has changed and is to be told."""
        with self._lock:
            files = {key: file for key, file in self._files.items() if not self._is_reading(key)}
        now = {key: marks_of(file) for key, file in files.items()}
        with self._lock:
            before = {key: self._seen[key] for key in now if key in self._seen and not self._is_reading(key)}
            return {key: now[key][0] != seen[0] for key, seen in before.items() if self._is_news(key, now[key])}

    def _is_news(self, key: str, marks: Marks) -> bool:
        if marks == self._seen[key]:
            self._streaks.pop(key, None)
            was_told = key not in self._untold
            self._untold.discard(key)
            return not was_told
        self._seen[key] = marks
        streak = self._streaks[key] = self._streaks.get(key, 0) + 1
        is_told = streak <= _AT_ONCE or streak % _THEN_EACH == 0
        (self._untold.discard if is_told else self._untold.add)(key)
        return is_told

    def _run(self) -> None:
        while not self._ended.wait(_EVERY):
            if changed := self.look():
                self._tell(changed)
