"""The demo's folder is recognised by its marker and never someone else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.demo.folder import MARKER, DemoFolder
from catalog.errors import InvalidInputError, LocalFileError, LockTimeoutError


def made(path: Path, endpoint: str = "file") -> DemoFolder:
    """A folder with a complete demo of one file."""
    folder = DemoFolder(path, endpoint)
    assert not folder.claim(fresh=False)
    folder.catalog.mkdir()
    (folder.catalog / "something").write_text("made by the demo")
    folder.finish()
    return folder


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    """A folder that does not exist yet is made, with its parents, and marked as being built."""
    folder = DemoFolder(tmp_path / "a" / "b", "file")

    assert not folder.claim(fresh=False)
    assert json.loads((tmp_path / "a" / "b" / MARKER).read_text())["state"] == "building"


def test_a_complete_demo_is_used_again(tmp_path: Path) -> None:
    """A finished demo is found and kept."""
    folder = made(tmp_path / "demo")

    assert folder.claim(fresh=False)
    assert (folder.catalog / "something").exists()


def test_an_interrupted_demo_is_cleared(tmp_path: Path) -> None:
    """A demo whose making was killed is cleared and made again."""
    folder = DemoFolder(tmp_path / "demo", "file")
    folder.claim(fresh=False)
    folder.remotes.mkdir()
    (folder.remotes / "half").write_text("half")

    assert not folder.claim(fresh=False)
    assert not folder.remotes.exists()


def test_the_demo_of_an_earlier_version_is_made_anew(tmp_path: Path) -> None:
    """What another version of the program made is not opened by this one: it is removed, and only that."""
    folder = made(tmp_path / "demo")
    marker = json.loads((folder.path / MARKER).read_text())
    (folder.path / MARKER).write_text(json.dumps(marker | {"version": 1}))
    (folder.path / "notes.txt").write_text("mine")
    assert folder.is_outdated()

    assert not folder.claim(fresh=False)
    assert not folder.catalog.exists()
    assert not folder.is_outdated()
    assert (folder.path / "notes.txt").read_text() == "mine"


def test_fresh_clears_a_complete_demo(tmp_path: Path) -> None:
    """--fresh removes what the demo made, and leaves what someone put beside it."""
    folder = made(tmp_path / "demo")
    (folder.path / "notes.txt").write_text("mine")

    assert not folder.claim(fresh=True)
    assert not folder.catalog.exists()
    assert (folder.path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("fresh", [False, True])
def test_a_foreign_folder_is_refused(tmp_path: Path, fresh: bool) -> None:
    """A folder with files but without the marker is left as it is, with --fresh too."""
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "thesis.txt").write_text("ten years of work")

    folder = DemoFolder(tmp_path, "file")
    with pytest.raises(InvalidInputError, match="did not make"):
        folder.claim(fresh=fresh)
    with pytest.raises(InvalidInputError, match="did not make") as caught, folder.lock():
        pass

    assert "--dir" in caught.value.hint
    assert (tmp_path / "catalog" / "thesis.txt").read_text() == "ten years of work"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["catalog"]


def test_fresh_does_not_follow_links(tmp_path: Path) -> None:
    """A link inside the demo is removed, what it points to is not."""
    folder = made(tmp_path / "demo")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    folder.remotes.symlink_to(elsewhere)

    folder.claim(fresh=True)

    assert not folder.remotes.is_symlink()
    assert (elsewhere / "mine").read_text() == "mine"


def test_a_moved_demo_is_not_used(tmp_path: Path) -> None:
    """The remotes' addresses hold the folder, so that a demo that was moved is refused with a way out."""
    made(tmp_path / "demo")
    (tmp_path / "demo").rename(tmp_path / "moved")

    with pytest.raises(InvalidInputError, match="made for folder") as caught:
        DemoFolder(tmp_path / "moved", "file").claim(fresh=False)

    assert "--fresh" in caught.value.hint


def test_a_demo_of_another_server_is_not_used(tmp_path: Path) -> None:
    """A demo whose remotes are elsewhere is refused rather than mixed up."""
    made(tmp_path / "demo", "http://127.0.0.1:1/bucket")

    with pytest.raises(InvalidInputError, match="made for endpoint"):
        DemoFolder(tmp_path / "demo", "file").claim(fresh=False)


@pytest.mark.parametrize("damage", ["", "{", "[]", '"text"', "\0"])
def test_a_damaged_marker_still_is_the_demos(tmp_path: Path, damage: str) -> None:
    """With a marker that cannot be read, the demo is made again."""
    folder = made(tmp_path / "demo")
    (folder.path / MARKER).write_text(damage)

    assert not folder.claim(fresh=False)


def test_a_folder_that_cannot_be_written_is_a_typed_error(tmp_path: Path) -> None:
    """A folder below a file cannot be made, and the message names it and says what to do."""
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(LocalFileError, match="cannot be used for the demo") as caught,
        DemoFolder(tmp_path / "file" / "demo", "file").lock(),
    ):
        pass

    assert "--dir" in caught.value.hint


def test_a_second_process_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one process builds, another gets an error that says so, after the waiting time."""
    monkeypatch.setattr("catalog.demo.folder._WAIT", 0.2)
    folder = DemoFolder(tmp_path / "demo", "file")

    with folder.lock(), pytest.raises(LockTimeoutError, match="catalog demo"), folder.lock():
        pass
