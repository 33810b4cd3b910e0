"""Measure how quick the terminal program is, in a real terminal of its own, on a database of a million keys.

Everything is measured from outside: a process is started in a pseudo-terminal, keys are typed, and the clock stops when the
text that was waited for has been written. The first paint is compared with that of Textual's own hello world, in turns. The
index of the database is on this machine, its values are in a folder beside it. The exit status is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terminal import Terminal

import catalog
from catalog import Catalog, S3Connection

_HELLO = """
from textual.app import App
from textual.widgets import Label

class Hello(App):
    def compose(self):
        yield Label("Hello, World!")

Hello().run()
"""
_PAGES = 40
_PER_STATION = 1_000
_REST = 1.0
"""Seconds without output after which nothing more is taken to come."""
_BETWEEN = 0.05
"""Seconds without output after which a page is taken to be all there."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result; ``limit`` None: there is no target."""

    title: str
    found: float
    unit: str
    limit: float | None = None

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.limit is None or self.found <= self.limit

    def __str__(self) -> str:
        number = {
            "s": f"{self.found:.3f} s",
            "ms": f"{self.found:.1f} ms",
            "MB": f"{self.found:.0f} MB",
            "kB": f"{self.found:.1f} kB",
        }
        target = "" if self.limit is None else f"   target ≤ {self.limit:g} {self.unit}: {'met' if self.met else 'NOT MET'}"
        return f"  {self.title:<66}{number.get(self.unit, f'{self.found:.2f}'):>10}{target}"


def key_of(number: int) -> str:
    """The key of this number; keys and numbers have the same order."""
    return f"station/{number // _PER_STATION:04}/{number % _PER_STATION:05}"


def make(folder: Path, keys: int) -> None:
    """Make a catalog with two databases, whose indexes are on this machine; a key of the small one is not pushed."""

    def place(name: str) -> S3Connection:
        return S3Connection(db_key=name, endpoint_url=(folder / "remotes").as_uri())

    author = "benchmark@here"
    with catalog.open(place("many"), folder / "writer.blt", "n", "orjson", lock="commit", author=author) as database:
        for number in range(keys):
            database.set(key_of(number), {"number": number, "rest": number % 97}, 1_700_000_000_000_000 + number * 977)
        database.changes().push(message="benchmark")
    with catalog.open(place("few"), folder / "few.blt", "n", "orjson", lock="commit", author=author) as database:
        for number in range(100):
            database[f"day/{number:03}"] = {"number": number}
        database.changes().push(message="benchmark")
    ours = Catalog(folder / "catalog")
    ours.add_group("lab", place("lab.group"))
    with ours.open_group("lab", "c", lock="commit", author=author) as group:
        group.add(place("many"), name="many")
        group.add(place("few"), name="few")
    for entry in ours.entries("lab"):
        with ours.open(entry, "w", lock="commit", pull=False, author=author) as database:
            for _ in database.timestamps():
                pass
            if entry.name == "few":
                database["day/005"] = {"number": -5}


def first_paint(command: list[str], environment: Mapping[str, str], pattern: str) -> float:
    """Seconds from the start of a process until it has drawn something."""
    with Terminal(command, environment) as terminal:
        return terminal.wait_for(pattern) - terminal.started


class Weights:
    """How much is written for what one does most, after the last key has come to rest: what a slow line waits for."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def of(self, title: str, typed: str, limit: float) -> Line:
        """Type, wait for rest, and give how much was written."""
        self._terminal.press(typed)
        self._terminal.rest(_REST)
        return Line(f"{title} ({typed.encode('unicode_escape').decode()})", self._terminal.size / 1000, "kB", limit)

    def all(self) -> Iterator[Line]:
        """Everything; the cursor is on the small database at first, which has a change to push."""
        yield self.of("another database in the tree", "j", 15)
        yield self.of("and back", "k", 15)
        yield self.of("its keys", "2", 20)
        yield self.of("a key further, with its value", "j", 2)
        for tab, name in (("3", "the changes"), ("5", "the history"), ("4", "the details"), ("2", "the keys")):
            yield self.of(name, tab, 20)
        for dialog, name, most in (
            ("P", "the question before a push", 12),
            ("A", "a menu", 12),
            ("?", "the help", 25),
            ("\x10", "the palette", 25),
        ):
            yield self.of(name, dialog, most)
            yield self.of(f"{name}, closed", "\x1b", most)


class Tour:
    """A look around in the open database: keys that are pressed, and how long it takes until what they bring is written."""

    def __init__(self, terminal: Terminal, keys: int) -> None:
        self._terminal, self._keys = terminal, keys
        self._page = 0

    def until(self, typed: str, pattern: str) -> float:
        """Press a key; seconds until something is written."""
        at = self._terminal.press(typed)
        return self._terminal.wait_for(pattern) - at

    def open(self) -> Iterator[Line]:
        """Go down from the group to its database, and open it before it opens by itself."""
        yield Line(f"list of {self._keys:,} keys, after Enter on its database", self.until("j\r", key_of(3)), "s", 0.3)
        self._terminal.rest()
        shown = {int(number) for number in re.findall(r"station/0000/(\d{5})", self._terminal.text)}
        self._page = max(shown)

    def scroll(self, start: int, step: int, pages: int, where: str) -> Iterator[Line]:
        """Page on from a row; each time is until the row of the cursor is there, and with it all of the page."""
        rows = [start + step * self._page * number for number in range(1, pages + 1)]
        times = []
        for row in rows:
            times.append(self.until("\x04" if step > 0 else "\x15", key_of(row)) * 1000)
            self._terminal.rest(_BETWEEN)
        yield Line(f"{where}, median of {pages}", statistics.median(times), "ms", 50)
        yield Line(f"{where}, slowest of {pages}", max(times), "ms")

    def all(self) -> Iterator[Line]:
        """Everything."""
        last = self._keys - 1
        yield from self.open()
        yield from self.scroll(0, 1, _PAGES, "a page further (ctrl+d)")
        yield Line("jump to the end (G)", self.until("G", key_of(last)) * 1000, "ms")
        self._terminal.rest()
        yield from self.scroll(last, -1, _PAGES, "a page back from the end (ctrl+u)")
        yield Line("jump to the first (g)", self.until("g", key_of(2)) * 1000, "ms")
        self._terminal.rest()
        yield Line("resident memory after that", self._terminal.memory(), "MB", 250)
        yield Line("folders (f)", self.until("f", f"{self._keys:,} keys"), "s")
        self._terminal.rest()
        yield Line("a folder of folders (Enter)", self.until("\r", r"0003/"), "s")
        self._terminal.rest()
        self.until("f", key_of(3))
        self._terminal.rest()
        yield Line(f"{self._keys:,} keys sorted by size, all of them (o)", self.until("o", key_of(largest(self._keys))), "s", 2)
        self._terminal.rest()
        yield Line("highest resident memory of all", self._terminal.memory("VmHWM"), "MB", 250)


def largest(keys: int) -> int:
    """The first of the largest values."""
    return min(range(keys), key=lambda number: (-len(str(number)) - len(str(number % 97)), number))


def paints(command: list[str], environment: Mapping[str, str], repeat: int) -> Iterator[Line]:
    """The first paint of both programs, in turns."""
    hello, ours = list[float](), list[float]()
    for _ in range(repeat + 1):
        hello.append(first_paint([sys.executable, "-c", _HELLO], environment, "Hello"))
        ours.append(first_paint(command, environment, "Databases"))
    # The first of each warms up what the system keeps of files, and may compile.
    theirs, mine = statistics.median(hello[1:]), statistics.median(ours[1:])
    yield Line(f"first paint of Textual's hello world, median of {repeat}", theirs, "s")
    yield Line(f"first paint of ours, median of {repeat}", mine, "s", 0.4)
    yield Line("ratio, ours to hello world", mine / theirs, "")


def measure(folder: Path, keys: int, repeat: int) -> Iterator[Line]:
    """All lines, as they are measured."""
    program = shutil.which("catalog", path=str(Path(sys.executable).parent)) or "catalog"
    command = [program, "--catalog", str(folder / "catalog")]
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(folder)}
    yield from paints(command, environment, repeat)
    with Terminal(command, environment) as terminal:
        yield Line("tree with the databases, after the start", terminal.wait_for("many") - terminal.started, "s")
        terminal.rest(_REST)
        yield Line("written for the start", terminal.size / 1000, "kB", 60)
        yield from Weights(terminal).all()
    with Terminal(command, environment) as terminal:
        terminal.wait_for("many")
        terminal.rest(_REST)
        yield from Tour(terminal, keys).all()


def main() -> int:
    """Make the database, measure, and judge."""
    parser = argparse.ArgumentParser(description="Measure the terminal program.")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="Where the database is made, or found when it was made before.")
    options = parser.parse_args()
    with folder_for(options.folder) as folder:
        if not (folder / "catalog").exists():
            make(folder, options.keys)
        print(f"Terminal of 140 × 40, Python {platform.python_version()}, {os.cpu_count()} processors", flush=True)
        lines = []
        for line in measure(folder, options.keys, options.repeat):
            print(line, flush=True)
            lines.append(line)
    return 0 if all(line.met for line in lines) else 1


@contextmanager
def folder_for(given: Path | None) -> Iterator[Path]:
    """The folder that was given, which stays, or one that goes."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
