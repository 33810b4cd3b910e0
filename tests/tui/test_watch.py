"""A working copy that another process changes is noticed by its files."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tui import watch
from tui.watch import Watch


def _watch(folder: Path, *names: str) -> tuple[Watch, dict[str, Path]]:
    files = {name: folder / f"{name}.blt" for name in names}
    for file in files.values():
        file.write_bytes(b"data")
    looking = Watch(lambda _: None)
    looking.follow(files)
    return looking, files


def test_what_stays_is_no_news(tmp_path: Path) -> None:
    """Looking tells nothing of files that nobody touches, nor of one that is not there."""
    looking, files = _watch(tmp_path, "rain", "snow")
    looking.follow({**files, "far": tmp_path / "far.blt"})

    assert [looking.look() for _ in range(3)] == [{}] * 3


@pytest.mark.parametrize("end", ["", ".sync", ".sync-wal"])
def test_a_change_is_told_once(tmp_path: Path, end: str) -> None:
    """Whichever of its files has grown, or appeared, it is told of its database alone, and once."""
    looking, files = _watch(tmp_path, "rain", "snow")
    with Path(f"{files['rain']}{end}").open("ab") as file:
        file.write(b"more")

    assert [looking.look() for _ in range(3)] == [{"rain": not end}, {}, {}]


def test_a_copy_that_comes_or_goes_is_told(tmp_path: Path) -> None:
    """A copy that is made here, and one that is deleted, are changes too."""
    looking, files = _watch(tmp_path, "rain")
    new = tmp_path / "new.blt"
    looking.follow({**files, "new": new})
    new.write_bytes(b"")
    files["rain"].unlink()

    assert looking.look() == {"rain": True, "new": True}


def test_what_one_did_oneself_is_expected(tmp_path: Path) -> None:
    """Who has written, and looks again by himself, is not told of it."""
    looking, files = _watch(tmp_path, "rain")
    files["rain"].write_bytes(b"data and more")
    looking.expect(["rain"])

    assert looking.look() == {}


def test_what_the_program_reads_is_looked_at_afterwards(tmp_path: Path) -> None:
    """Files that come and go while it reads are no news; what is other after that is."""
    looking, files = _watch(tmp_path, "rain")
    reading = {"rain"}
    looking._is_reading = reading.__contains__
    beside = files["rain"].with_name("rain.blt.sync-wal")
    beside.write_bytes(b"")
    assert looking.look() == {}
    beside.unlink()
    reading.clear()
    assert looking.look() == {}
    reading.add("rain")
    files["rain"].write_bytes(b"data and more")
    assert looking.look() == {}
    reading.clear()

    assert looking.look() == {"rain": True}


def test_a_change_that_goes_on_is_told_now_and_then(tmp_path: Path) -> None:
    """A program that writes all the time does not keep the screen busy; its last change is told too."""
    looking, files = _watch(tmp_path, "rain")
    told = []
    for number in range(12):
        files["rain"].write_bytes(b"x" * (10 + number))
        told.append(bool(looking.look()))

    assert told == [True] * 3 + [False, True] + [False] * 4 + [True] + [False] * 2
    assert looking.look() == {"rain": False}
    assert looking.look() == {}


def test_it_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread looks again and again, until it is ended, and tells."""
    monkeypatch.setattr(watch, "_EVERY", 0.001)
    told = threading.Event()
    looking = Watch(lambda keys: told.set() if set(keys) == {"rain"} else None)
    file = tmp_path / "rain.blt"
    file.write_bytes(b"")
    looking.follow({"rain": file})
    looking.start()
    file.write_bytes(b"more")

    assert told.wait(10)
    looking.end()
