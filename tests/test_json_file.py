"""Small files that several processes change."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from pydantic import BaseModel

from catalog.errors import LocalFileError, LockTimeoutError
from catalog.json_file import JsonFile


class Numbers(BaseModel):
    """What the test file holds."""

    numbers: tuple[int, ...] = ()


def _file(path: Path) -> JsonFile[Numbers]:
    return JsonFile(path, Numbers, Numbers())


def _add(path: Path, number: int) -> None:
    for turn in range(20):
        _file(path).change(lambda held, turn=turn: Numbers(numbers=(*held.numbers, number * 100 + turn)))  # type: ignore[misc]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in a folder that does not exist yet."""
    return tmp_path / "folder" / "numbers.json"


def test_no_file_is_the_empty_value(path: Path) -> None:
    """Reading makes no file and no folder."""
    assert _file(path).read() == Numbers()
    assert not path.parent.exists()


def test_a_changed_value_is_read_back(path: Path) -> None:
    """What was written is read, by another object too, and only the owner may."""
    _file(path).change(lambda held: Numbers(numbers=(*held.numbers, 1)))

    assert _file(path).read().numbers == (1,)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_processes_lose_no_change(path: Path) -> None:
    """Changes of several processes at once are all kept."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add, args=(path, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    expected = {number * 100 + turn for number in range(3) for turn in range(20)}
    assert set(_file(path).read().numbers) == expected


def test_a_held_lock_names_its_holder(path: Path) -> None:
    """Who waits in vain is told which process holds the lock."""
    file = _file(path)
    with file.lock(), pytest.raises(LockTimeoutError, match=r"locked by process \d+ on"):
        _file(path).change(lambda held: held, timeout=0.05)

    file.change(lambda held: held, timeout=0.05)


@pytest.mark.parametrize("content", [b"", b"{", b'{"numbers": "x"}', b"\xff\xfe", b"[1]"])
def test_a_damaged_file_is_an_error(path: Path, content: bytes) -> None:
    """A damaged file is neither read as empty nor overwritten."""
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(LocalFileError) as caught:
        _file(path).change(lambda held: held)

    assert caught.value.path == str(path)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A folder that cannot be made is an error that names the file."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LocalFileError, match=r"numbers\.json"):
        _file(tmp_path / "file" / "numbers.json").change(lambda held: held)


def test_a_failed_change_leaves_nothing_behind(path: Path) -> None:
    """When making the new value fails, the old one stays, without a second file beside it, and the lock is free."""
    file = _file(path)
    file.change(lambda _: Numbers(numbers=(1,)))

    with pytest.raises(ZeroDivisionError):
        file.change(lambda _: Numbers(numbers=(1 // 0,)))

    assert file.read().numbers == (1,)
    assert {each.name for each in path.parent.iterdir()} == {"numbers.json", "numbers.json.lock"}
    file.change(lambda held: held, timeout=0.05)
