"""What was typed is kept until it was used, for its owner alone, and never with a secret."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tui.drafts import Drafts
from tui.private_file import write_json
from tui.remembered import Remembered

DAY = 86_400.0


class Clock:
    """A clock that the test moves."""

    now = 1_000 * DAY

    def __call__(self) -> float:
        return self.now


def _kept(drafts: Drafts, form: str, about: str) -> dict[str, str] | None:
    found = drafts.of(form, about).kept
    return None if found is None else dict(found.values)


def test_what_was_typed_is_there_in_the_next_program(tmp_path: Path) -> None:
    """By form and database; only its owner can read the file; what was used is forgotten."""
    file = tmp_path / "new" / "drafts.json"
    first = Drafts(file)
    first.of("push", "rain").keep({"message": "Half a sentence"})
    first.of("import", "rain").keep({"path": "rain.csv", "columns": ""})
    first.save()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    second = Drafts(file)
    assert _kept(second, "push", "rain") == {"message": "Half a sentence"}
    assert _kept(second, "push", "snow") is None
    second.of("push", "rain").forget()
    second.save()
    assert _kept(Drafts(file), "push", "rain") is None
    assert _kept(Drafts(file), "import", "rain") == {"path": "rain.csv", "columns": ""}


def test_two_programs_keep_the_drafts_of_each_other(tmp_path: Path) -> None:
    """Each writes what it has changed, and leaves the rest."""
    file = tmp_path / "drafts.json"
    one, other = Drafts(file), Drafts(file)
    assert _kept(one, "push", "rain") is None
    assert _kept(other, "push", "rain") is None
    one.of("push", "rain").keep({"message": "one"})
    other.of("push", "snow").keep({"message": "other"})
    one.save()
    other.save()

    assert {about: _kept(Drafts(file), "push", about) for about in ("rain", "snow")} == {
        "rain": {"message": "one"},
        "snow": {"message": "other"},
    }


@pytest.mark.parametrize(
    "secret",
    [
        "https://ada:hunter2@s3.example.org",
        "https://ada:hun/ter2@s3.example.org/rain",
        "ada:hunter2@s3.example.org",
        "https://s3.example.org/rain?X-Amz-Signature=hunter2",
        "https://s3.example.org/rain?AWSAccessKeyId=a&Signature=hunter2",
        "see https://s3.example.org/rain?sig=hunter2",
    ],
)
def test_no_address_with_a_secret_is_kept(tmp_path: Path, secret: str) -> None:
    """A field that holds one is left out; the others are kept."""
    file = tmp_path / "drafts.json"
    drafts = Drafts(file)
    drafts.of("add-group", "").keep({"name": "people", "endpoint": secret, "url": "https://data.example.org/rain?page=2"})
    drafts.save()

    assert _kept(drafts, "add-group", "") == {"name": "people", "url": "https://data.example.org/rain?page=2"}
    assert "hunter2" not in file.read_text()


def test_drafts_are_bounded(tmp_path: Path) -> None:
    """Those older than thirty days are gone, and of too many or too long ones the oldest."""
    file, clock = tmp_path / "drafts.json", Clock()
    drafts = Drafts(file, clock)
    for number in range(150):
        clock.now += 1
        drafts.of("push", str(number)).keep({"message": "m"})
    drafts.save()
    assert len(json.loads(file.read_text())["drafts"]) == 100
    clock.now += 29 * DAY
    drafts.of("value", "long").keep({"text": "x" * 999_950})
    drafts.save()
    assert len(json.loads(file.read_text())["drafts"]) == 51
    assert _kept(Drafts(file, clock), "push", "149") == {"message": "m"}
    clock.now += 2 * DAY

    assert _kept(Drafts(file, clock), "push", "149") is None
    assert _kept(Drafts(file, clock), "value", "long") is not None


@pytest.mark.parametrize("stored", [b"", b"\xff{", b"[1]", b'{"drafts": 7}', b'{"drafts": [7, {"form": 1}, {"form": "a"}]}'])
def test_a_file_that_is_none_of_ours_is_as_good_as_none(tmp_path: Path, stored: bytes) -> None:
    """Whatever stands there, the program begins; what is typed then is kept."""
    file = tmp_path / "kept.json"
    file.write_bytes(stored)
    assert _kept(Drafts(file), "push", "rain") is None
    assert Remembered(file).left.database == ""
    drafts = Drafts(file)
    drafts.of("push", "rain").keep({"message": "one"})
    drafts.save()

    assert _kept(Drafts(file), "push", "rain") == {"message": "one"}


def test_how_it_was_left_is_remembered(tmp_path: Path) -> None:
    """Only what has changed is written; where that is impossible, nothing happens."""
    file = tmp_path / "screen.json"
    first = Remembered(file)
    first.note(theme="nord", shares={"keys": 30})
    first.note(theme="nord")
    first.save()
    assert Remembered(file).left.shares == {"keys": 30}
    again = Remembered(file)
    again.note(theme="nord")
    assert again.is_saved
    write_json(file / "below" / "a-file", {})
