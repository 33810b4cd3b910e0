"""Whatever plain booklet, a kill or damage did to the file, the next session finds it, and takes nothing else for an edit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import booklet
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from catalog.errors import IntegrityError, LocalFileError, UnsupportedFormatError
from catalog.format.checksum import checksum
from catalog.format.version import METADATA
from catalog.local.data_file import DataFile
from catalog.local.table import Status
from catalog.local.working_copy import WorkingCopy, sidecar_path
from catalog.local.writer import Writer
from catalog.progress import Progress

from .conftest import MEMORY
from .copies import create, metadata, plain, reading, reopened, rows, seen_by_booklet, seen_by_us, writing

KEYS = [f"key {number}" for number in range(8)]
COPIES = {key: f"copy of {key}".encode() for key in KEYS}
LARGE = settings.get_current_profile_name() == "large"


def with_copies(path: Path) -> None:
    """A working copy that holds eight copies of remote values, all synced."""
    create(path, 20)
    with writing(path) as writer:
        writer.keep((key, 100, value, checksum(value)) for key, value in COPIES.items())
        writer.keep([(METADATA, 50, b'{"m":1}', checksum(b'{"m":1}'))])


def edits(path: Path) -> dict[str, Status]:
    """The keys of which the table says something new."""
    return {key: status for key, status in rows(path).items() if status != Status.COPY}


def metadata_edited(path: Path) -> Any:
    """The metadata that the table says were edited."""
    status, value = metadata(path) or (Status.COPY, None)
    return "not edited" if status == Status.COPY else json.loads(value) if value else None


def put(opened: Any) -> None:
    opened["new"] = b"1"
    opened["key 1"] = b"2"


def delete(opened: Any) -> None:
    del opened["key 1"]


def delete_and_set_again(opened: Any) -> None:
    del opened["key 1"]
    opened["key 1"] = b"again"


def prune_after_delete(opened: Any) -> None:
    del opened["key 1"]
    opened.prune()
    opened["new"] = b"1"


def clear(opened: Any) -> None:
    opened.clear()


def clear_and_set(opened: Any) -> None:
    opened.clear()
    opened["key 1"] = b"1"


def touch(opened: Any) -> None:
    opened.set_timestamp("key 1", 500)


def grow(opened: Any) -> None:
    opened.update({f"new {number}": b"n" for number in range(40)})


E, D = Status.EDITED, Status.DELETED
FOUND: list[tuple[Callable[[Any], None], dict[str, Status]]] = [
    (put, {"new": E, "key 1": E}),
    (delete, {"key 1": D}),
    (delete_and_set_again, {"key 1": E}),
    (prune_after_delete, {"key 1": D, "new": E}),
    (clear, dict.fromkeys(KEYS, D)),
    (clear_and_set, {**dict.fromkeys(KEYS, D), "key 1": E}),
    (touch, {"key 1": E}),
    (grow, {f"new {number}": E for number in range(40)}),
    (lambda opened: opened.prune(), {}),
    (lambda opened: opened.prune(timestamp=101), dict.fromkeys(KEYS, D)),
    (lambda opened: opened.sync(), {}),
]


@pytest.mark.parametrize(
    ("act", "expected"), FOUND, ids=[getattr(act, "__name__", "act") + str(n) for n, (act, _) in enumerate(FOUND)]
)
def test_edits_of_plain_booklet_are_found(act: Callable[[Any], None], expected: dict[str, Status], path: Path) -> None:
    """What plain booklet did becomes edits and deletions of just those keys, and every value is what booklet reads."""
    with_copies(path)
    with plain(path) as opened:
        act(opened)
    before = seen_by_booklet(path)

    assert reopened(path) == before
    assert edits(path) == expected
    assert reopened(path) == before
    assert edits(path) == expected


def test_nothing_done_is_nothing_found(path: Path) -> None:
    """A file that nobody touched is not even read."""
    with_copies(path)
    with reading(path) as copy:
        assert not copy.disturbed
    with plain(path, "r") as opened:
        assert len(opened) == 8
    with reading(path) as copy:
        assert not copy.disturbed


def test_metadata_of_plain_booklet_are_found(path: Path) -> None:
    """Metadata set, changed or removed by plain booklet are an edit; those we wrote ourselves are none."""
    with_copies(path)
    reopened(path)
    assert metadata_edited(path) == "not edited"
    with plain(path) as opened:
        opened.set_metadata({"m": 2})
    reopened(path)
    assert metadata_edited(path) == {"m": 2}
    with plain(path) as opened:
        opened.clear()
    reopened(path)
    assert metadata_edited(path) is None


def test_reserved_slots_survive(path: Path) -> None:
    """What other libraries keep in booklet's reserved slots is there after compactions and repairs."""
    with_copies(path)
    with plain(path) as opened:
        opened.set_reserved(2, b"theirs")
        del opened["key 1"]
    reopened(path)
    with writing(path) as writer:
        writer.compact(Progress())
    with plain(path, "r") as opened:
        assert opened.get_reserved(2) == b"theirs"
        assert opened.get_metadata() == {"m": 1}


def test_a_key_deleted_here_and_set_by_booklet_at_the_same_place(path: Path) -> None:
    """A value that plain booklet happens to put where a deleted one lay is an edit, not a leftover."""
    create(path)
    with writing(path) as writer:
        writer.put("k", b"first", 100)
    with writing(path) as writer:
        writer.delete("k", 101)
    with plain(path) as opened:
        opened.clear()
        opened.set("k", b"other", 100)

    assert reopened(path) == {"k": b"other"}
    assert rows(path) == {"k": Status.EDITED}


def test_without_timestamps_a_rewritten_file_is_compared_by_bytes(path: Path) -> None:
    """In a file without timestamps, another value of the same length at the same place is found."""
    with booklet.open(path, "n", key_serializer="str", n_buckets=7, init_timestamps=False) as opened:
        opened["a"], opened["b"] = b"11", b"22"
    reopened(path)
    with plain(path) as opened:
        opened.clear()
        opened["a"], opened["b"] = b"11", b"33"

    assert reopened(path) == {"a": b"11", "b": b"33"}


def test_a_missing_sidecar_loses_no_value(path: Path) -> None:
    """Without its sidecar, all that the booklet holds is compared anew."""
    with_copies(path)
    for end in ("", "-wal", "-shm"):
        Path(f"{sidecar_path(path)}{end}").unlink(missing_ok=True)

    assert reopened(path) == COPIES
    assert edits(path) == dict.fromkeys(KEYS, Status.EDITED)


@pytest.mark.parametrize("damage", [b"", b"not a database" * 300, None])
def test_a_damaged_sidecar_says_what_to_do(damage: bytes | None, path: Path) -> None:
    """A sidecar that cannot be read is a typed error that names it, or an empty one is made anew; the booklet is untouched."""
    with_copies(path)
    sidecar = sidecar_path(path)
    content = sidecar.read_bytes()
    sidecar.write_bytes(damage if damage is not None else content[: len(content) // 2])
    before = path.read_bytes()
    if damage == b"":
        assert reopened(path) == COPIES
        return
    with pytest.raises((IntegrityError, LocalFileError)) as caught, writing(path):
        pass

    assert str(sidecar) in str(caught.value)
    assert caught.value.hint
    assert path.read_bytes() == before


def test_every_damaged_page_of_a_sidecar_is_an_error_or_harmless(path: Path) -> None:
    """A sidecar with any page overwritten opens with right values, or raises a typed error."""
    with_copies(path)
    sidecar = sidecar_path(path)
    content = sidecar.read_bytes()
    for start in range(0, len(content), 1024):
        sidecar.write_bytes(content[:start] + b"\xa5" * 1024 + content[start + 1024 :])
        try:
            with reading(path) as copy:
                found = {row.key: copy.value_of(row, lambda: None, lambda _: None) for row in copy.state.table.all(METADATA)}
        except (IntegrityError, LocalFileError, UnsupportedFormatError):
            continue
        assert found.items() <= COPIES.items()


def test_a_sidecar_of_a_newer_version_is_left_alone(path: Path) -> None:
    """A newer sidecar asks for the newer program and is not changed."""
    with_copies(path)
    with reading(path) as copy:
        copy.state.sidecar.run("PRAGMA user_version = 99")
    with pytest.raises(UnsupportedFormatError, match="newer booklet-catalog"):
        WorkingCopy(path)
    assert seen_by_booklet(path) == COPIES


def test_no_truncation_is_a_deletion(path: Path) -> None:
    """A file that is cut off anywhere loses values, but no key is taken for deleted, and the rest is there."""
    with_copies(path)
    with writing(path) as writer:
        writer.put("mine", b"edited", 200)
    whole, content = path.read_bytes(), sidecar_path(path).read_bytes()
    for length in range(200, len(whole), 1 if LARGE else 11):
        path.write_bytes(whole[:length])
        sidecar_path(path).write_bytes(content)
        with writing(path):
            pass
        found = rows(path)
        assert set(found.values()) <= {Status.COPY, Status.EDITED}, length
        assert found["mine"] == Status.EDITED, length
        kept = {key for key, status in found.items() if status == Status.COPY}
        assert {key: value for key, value in seen_by_booklet(path).items() if key != "mine"} == {key: COPIES[key] for key in kept}
        with reading(path) as copy:
            row = copy.state.table.get("mine")
            assert row is not None
            if row.offset < 0:
                with pytest.raises(IntegrityError, match="mine"):
                    copy.value_of(row, lambda: copy.state.table.get("mine"), lambda _: None)


def test_a_torn_tail_of_booklet_costs_only_the_tail(path: Path) -> None:
    """When plain booklet was killed within a write, what was whole is adopted and the file is plain again."""
    with_copies(path)
    with plain(path) as opened:
        opened["new"] = b"whole"
    size = path.stat().st_size
    with plain(path) as opened:
        opened["torn"] = b"x" * 100
    with path.open("r+b") as file:
        file.truncate(size + 60)

    assert reopened(path) == {**COPIES, "new": b"whole"}
    assert edits(path) == {"new": Status.EDITED}


def test_a_booklet_that_was_not_closed_is_repaired(path: Path) -> None:
    """The mark that booklet leaves when it was not closed is replaced by the right number of keys."""
    with_copies(path)
    with plain(path) as opened:
        del opened["key 1"]
    with path.open("r+b") as file:
        file.seek(33)
        file.write(b"\xff" * 4)

    found = reopened(path)

    assert found == {key: value for key, value in COPIES.items() if key != "key 1"}
    assert edits(path) == {"key 1": Status.DELETED}
    with plain(path, "r") as opened:
        assert len(opened) == 7


def test_a_damaged_value_is_never_an_edit(path: Path) -> None:
    """A flipped bit in a value is an error when it is read, through compactions too, and never pushed as an edit."""
    with_copies(path)
    content = path.read_bytes()
    at = content.index(COPIES["key 3"])
    path.write_bytes(content[:at] + b"X" + content[at + 1 :])
    with writing(path) as writer:
        writer.put("other", b"1", 300)
    with writing(path) as writer:
        writer.compact(Progress())

    assert edits(path) == {"other": Status.EDITED}
    with pytest.raises(IntegrityError, match="key 3"):
        seen_by_us(path)


def test_keys_that_are_no_text_are_refused(path: Path) -> None:
    """A booklet with keys of bytes is refused with a way out."""
    with booklet.open(path, "n", key_serializer=None, n_buckets=7) as opened:
        opened[b"\xff\xfe"] = b"1"
    with pytest.raises(UnsupportedFormatError, match="key_serializer"), writing(path):
        pass


STEP = st.one_of(
    st.tuples(st.just("ours"), st.sampled_from(KEYS), st.binary(max_size=9)),
    st.tuples(st.just("our deletion"), st.sampled_from(KEYS), st.none()),
    st.tuples(st.just("theirs"), st.sampled_from(KEYS), st.binary(max_size=9)),
    st.tuples(st.just("their deletion"), st.sampled_from(KEYS), st.none()),
    st.tuples(st.sampled_from(["prune", "clear", "compact", "drop copies"]), st.none(), st.none()),
)


@settings(max_examples=500 if LARGE else 25)
@given(st.lists(STEP, max_size=25))
def test_any_mixture_of_sessions_is_followed(steps: list[tuple[str, str, bytes]]) -> None:
    """Our sessions and booklet's in turn: both see the same values, and each key that differs from its copy is an edit."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "f.blt"
        with_copies(path)
        model, touched = dict(COPIES), set[str]()
        for moment, (step, key, value) in enumerate(steps, 1000):
            if step in ("theirs", "their deletion", "prune", "clear"):
                with plain(path) as opened:
                    _theirs(opened, step, key, value, moment)
            else:
                with writing(path) as writer:
                    _ours(writer, step, key, value, moment, model)
            if step in ("ours", "theirs"):
                model[key] = value
                touched.add(key)
            elif "deletion" in step:
                touched.add(key)
                model.pop(key, None)
            elif step == "clear":
                touched |= set(model)
                model.clear()
        assert reopened(path) == model
        found = rows(path)
        assert {name for name, status in found.items() if status == Status.EDITED} == touched & set(model)
        assert {name for name, status in found.items() if status == Status.COPY} == set(model) - touched


def _theirs(opened: Any, step: str, key: str, value: bytes, moment: int) -> None:
    if step == "theirs":
        opened.set(key, value, timestamp=moment)
    elif step == "prune":
        opened.prune()
    elif step == "clear":
        opened.clear()
    elif key in opened:
        del opened[key]


def _ours(writer: Writer, step: str, key: str, value: bytes, moment: int, model: dict[str, bytes]) -> None:
    if step == "ours":
        writer.put(key, value, moment)
    elif step == "our deletion":
        writer.delete(key, moment)
    elif step == "compact":
        writer.compact(Progress())
    else:
        writer.sync()


class Killed(BaseException):
    """The end of a process, at one step of it."""


def killed_at_removal(path: Path, act: Callable[[Writer], None]) -> None:
    """Let a writer die after its rows were committed and before a block is killed."""
    writer = Writer(WorkingCopy(path), timeout=0, progress=Progress())

    def die(*_: object) -> None:
        raise Killed

    def act_and_flush() -> None:
        act(writer)
        writer.flush()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DataFile, "remove", die)
        with pytest.raises(Killed):
            act_and_flush()
    writer.abandon()


def test_a_deletion_that_a_kill_cut_short_is_finished(path: Path) -> None:
    """A key that was deleted, and whose block a kill left alive, stays deleted, for plain booklet too."""
    with_copies(path)
    killed_at_removal(path, lambda writer: writer.delete("key 1", 300))
    assert reopened(path) == {key: value for key, value in COPIES.items() if key != "key 1"}
    assert rows(path)["key 1"] == Status.DELETED


def test_a_discard_that_a_kill_cut_short_is_finished(path: Path) -> None:
    """A copy that was let go of, and whose block a kill left alive, is no edit."""
    with_copies(path)
    killed_at_removal(path, lambda writer: writer.drop(["key 1"]))
    assert reopened(path) == {key: value for key, value in COPIES.items() if key != "key 1"}
    assert edits(path) == {}


def test_a_sidecar_that_was_left_over_goes_before_the_file_is_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a removed booklet left beside it says nothing of the next one, also when making that is cut short."""
    with_copies(path)
    header = DataFile(path, writable=False).header
    path.unlink()

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(DataFile, "create", die)
        with pytest.raises(Killed):
            WorkingCopy.create(path, header)
    assert not sidecar_path(path).exists()
    WorkingCopy.create(path, header.fresh(64))
    assert rows(path) == {}
    assert metadata(path) is None
