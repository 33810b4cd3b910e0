"""The one writer: locks with a named holder, failures that lose nothing, and copies that never hide an edit."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from catalog.errors import CancelledError, CatalogError, IntegrityError, LocalFileError, LockTimeoutError
from catalog.format.checksum import checksum
from catalog.format.version import METADATA
from catalog.local import working_copy
from catalog.local.booklet_header import new_header
from catalog.local.data_file import DataFile
from catalog.local.table import LocalTable, Status
from catalog.local.working_copy import WorkingCopy, sidecar_path
from catalog.local.writer import Writer
from catalog.progress import Progress

from .copies import create, largest_file, metadata, plain, reading, reopened, rows, seen_by_booklet, seen_by_us, writing

HOLD = """
import sys
from pathlib import Path
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.progress import Progress
import booklet
path = Path(sys.argv[1])
held = booklet.open(path, "w") if sys.argv[2] == "booklet" else Writer(WorkingCopy(path), timeout=5, progress=Progress())
print("held", flush=True)
sys.stdin.read()
held.close()
"""


class Holder:
    """Another process that has the file open for writing."""

    def __init__(self, path: Path, kind: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"held\n"

    def __enter__(self) -> Holder:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


@pytest.mark.parametrize("kind", ["catalog", "booklet"])
def test_a_second_writer_times_out_and_names_the_holder(kind: str, path: Path) -> None:
    """Who waits for a locked file is told by whom it is held, by process id, and what to do."""
    create(path)
    with Holder(path, kind) as holder:
        started = time.monotonic()
        with pytest.raises(LockTimeoutError) as caught, writing(path, timeout=0.3):
            pass
        assert time.monotonic() - started < 5

    said = str(holder.process.pid) if kind == "catalog" else "booklet"
    assert said in caught.value.holder
    assert str(path) in str(caught.value)
    reopened(path)


def test_a_waiting_writer_goes_on_when_the_other_closes(path: Path) -> None:
    """A writer that waits gets the file as soon as it is free."""
    create(path)
    holder = Holder(path, "catalog")
    threading.Timer(0.2, lambda: holder.process.stdin and holder.process.stdin.close()).start()
    with writing(path, timeout=30) as writer:
        writer.put("a", b"1", 1)
    holder.process.wait()

    assert reopened(path) == {"a": b"1"}


def test_a_killed_holder_blocks_nobody(path: Path) -> None:
    """A lock ends with its process, and a stale name of a holder harms nobody."""
    create(path)
    holder = Holder(path, "catalog")
    holder.process.kill()
    holder.process.wait()

    with writing(path, timeout=0) as writer:
        writer.put("a", b"1", 1)
    assert reopened(path) == {"a": b"1"}


def test_waiting_can_be_cancelled(path: Path) -> None:
    """A cancel ends the waiting, whose words name the holder."""
    create(path)
    progress = Progress()
    with writing(path) as writer:
        threading.Timer(0.2, progress.cancel).start()
        copy = WorkingCopy(path)
        with pytest.raises(CancelledError, match=str(os.getpid())):
            Writer(copy, timeout=60, progress=progress)
        copy.close()
        assert Writer.try_open(WorkingCopy(path), Progress()) is None
        writer.put("a", b"1", 1)


def test_readers_need_no_lock(path: Path) -> None:
    """Any number of readers read synced values while a writer has the file."""
    create(path)
    with writing(path) as writer:
        writer.put("a", b"1", 1)
        writer.sync()
        assert seen_by_us(path) == {"a": b"1"}
        with reading(path) as one, reading(path) as two:
            assert one.state.table.get("a") == two.state.table.get("a")


def test_compaction_under_a_reader(path: Path) -> None:
    """A reader that holds old rows follows a compaction, and gets None for a key that went away."""
    create(path)
    with writing(path) as writer:
        for number in range(20):
            writer.put(f"k{number}", b"v" * number, 1)
        writer.delete("k0", 2)
        writer.sync()
        with reading(path) as copy:
            old = {row.key: row for row in copy.state.table.all() if row.status == Status.EDITED}
            writer.delete("k1", 3)
            writer.compact(Progress())
            assert copy.value_of(old["k7"], lambda: copy.state.table.get("k7"), lambda _: None) == b"v" * 7
            assert copy.value_of(old["k1"], lambda: None, lambda _: None) in (None, b"v")


def test_a_reader_gives_up_on_a_compaction_that_never_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When values stay unreadable the reader says so instead of waiting for ever."""
    monkeypatch.setattr(working_copy, "_TRIES_WHILE_COMPACTING", 5)
    create(path)
    with writing(path) as writer:
        writer.put("a", b"1", 1)
    pauses: list[float] = []
    with reading(path) as copy:
        copy.state.compacting = True
        row = copy.state.table.get("a")
        assert row is not None
        wrong = replace(row, checksum=bytes(8))
        with pytest.raises(IntegrityError, match="'a'"):
            copy.value_of(wrong, lambda: wrong, pauses.append)

    assert 1 <= len(pauses) <= 5


def test_copies_never_hide_an_edit(path: Path) -> None:
    """A copy of a remote value is kept only for a key of which nothing is said; edits and deletions stay."""
    create(path)
    with writing(path) as writer:
        writer.put("edited", b"mine", 1)
        writer.put("gone", b"mine", 1)
        writer.delete("gone", 2)
        writer.put("buffered", b"mine", 2)
        writer.keep((key, 5, b"theirs", checksum(b"theirs")) for key in ("edited", "gone", "buffered", "new"))

    assert reopened(path) == {"edited": b"mine", "buffered": b"mine", "new": b"theirs"}
    assert rows(path) == {"edited": 1, "gone": 2, "buffered": 1, "new": 0}


def refuse(*_: object) -> None:
    """A disk that is full."""
    raise LocalFileError("The disk is full.")


def test_a_failed_note_leaves_no_value_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the sidecar cannot note a batch, its values are cut off again; the next flush writes them once."""
    create(path)
    with writing(path) as writer:
        writer.put("old", b"1", 1)
        writer.sync()
        size = writer.data.size
        writer.put("a", b"1", 2)
        with monkeypatch.context() as patch:
            patch.setattr(LocalTable, "put", refuse)
            for _ in range(2):
                with pytest.raises(LocalFileError):
                    writer.flush()
            assert writer.data.size == size
        writer.delete("a", 4)

    assert seen_by_booklet(path) == {"old": b"1"}
    assert reopened(path) == {"old": b"1"}


def test_a_full_disk_keeps_every_edit(path: Path) -> None:
    """While the disk is full edits stay in memory and what was synced stays readable; once there is room all is written."""
    create(path)
    with writing(path) as writer:
        writer.put("first", b"1", 1)
        writer.sync()
        with largest_file(writer.data.size + 300):
            writer.put("second", b"2" * 1000, 2)
            writer.delete("first", 3)
            for _ in range(3):
                with pytest.raises(CatalogError, match=r"(?i)full|failed"):
                    writer.sync()
            assert seen_by_us(path) == {"first": b"1"}
            buffered = writer.buffered("second")
            assert buffered is not None
            assert buffered.value == b"2" * 1000
        writer.put("third", b"3", 4)

    assert reopened(path) == {"second": b"2" * 1000, "third": b"3"}
    assert rows(path)["first"] == Status.DELETED


def test_a_full_disk_while_compacting_changes_nothing(path: Path) -> None:
    """A compaction that does not fit leaves file and table as they were, and no other file."""
    create(path)
    with writing(path) as writer:
        for number in range(50):
            writer.put(f"k{number}", os.urandom(3_000), 1)
        writer.sync()
        before = seen_by_us(path)
        with largest_file(100_000), pytest.raises(LocalFileError):
            writer.compact(Progress())
        assert seen_by_us(path) == before

    assert reopened(path) == before
    assert sorted(found.name for found in path.parent.iterdir() if "compact" in found.name) == []


READ_ONLY = """
import os, sys
from pathlib import Path
from catalog.errors import LocalFileError
from catalog.local.booklet_header import new_header
from catalog.local.working_copy import WorkingCopy
from catalog.local.writer import Writer
from catalog.progress import Progress
path, header = Path(sys.argv[1]), new_header(None, 7)
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for act in (
    lambda: Writer(WorkingCopy(path), timeout=1, progress=Progress()),
    lambda: WorkingCopy.create(path.parent / "new" / "x", header),
    lambda: WorkingCopy.create(path.parent / "x", header),
):
    try:
        act()
    except LocalFileError as error:
        print(error)
    else:
        print("nothing was refused")
"""


def test_a_read_only_folder_is_said_so(path: Path) -> None:
    """Where nothing may be written the error is typed and names the place; nothing is left behind."""
    create(path)
    with writing(path) as writer:
        writer.put("a", b"1", 1)
    for found in (*path.parent.iterdir(), path.parent):
        found.chmod(0o555 if found.is_dir() else 0o444)
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-c", READ_ONLY, str(path)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.parent.chmod(0o755)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(path.parent)) >= 3
    assert "nothing was refused" not in done.stdout


def test_many_threads_write(path: Path) -> None:
    """Eight threads that write to one writer lose nothing."""
    create(path)
    with writing(path, buffer_bytes=500) as writer:

        def work(number: int) -> None:
            for place in range(60):
                writer.put(f"{number}/{place}", b"x" * place, 1)
                if place % 20 == 0:
                    writer.sync()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert reopened(path) == {f"{number}/{place}": b"x" * place for number in range(8) for place in range(60)}


def test_abandoning_drops_only_what_was_not_flushed(path: Path) -> None:
    """A writer that is abandoned gives up its buffer and nothing else."""
    create(path)
    copy = WorkingCopy(path)
    writer = Writer(copy, timeout=1, progress=Progress())
    writer.put("synced", b"1", 1)
    writer.sync()
    writer.put("buffered", b"2", 2)
    writer.abandon()
    copy.close()

    assert reopened(path) == {"synced": b"1"}


def test_starting_over_and_clearing(path: Path) -> None:
    """Clearing empties file and table, keeps the metadata in both, and says that the copy stands for the whole database."""
    create(path)
    with writing(path) as writer:
        writer.put("a", b"1", 1)
        writer.put(METADATA, b'{"m":1}', 5)
        writer.clear()
        writer.put("b", b"2", 2)

    assert reopened(path) == {"b": b"2"}
    with plain(path, "r") as opened:
        assert opened.get_metadata() == {"m": 1}
    with reading(path) as copy:
        assert copy.state.replacing
    assert metadata(path) == (Status.EDITED, b'{"m":1}')


def test_two_processes_may_make_the_sidecar_at_once(path: Path) -> None:
    """Several processes that open a new working copy at the same moment all succeed."""
    create(path)
    errors: list[BaseException] = []
    ready = threading.Barrier(6)

    def open_it() -> None:
        try:
            ready.wait()
            WorkingCopy(path).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert sidecar_path(path).exists()


def test_a_file_made_elsewhere_is_not_overwritten(path: Path) -> None:
    """Creating in a folder that cannot be made is a typed error."""
    path.write_bytes(b"a file")
    with pytest.raises(LocalFileError):
        WorkingCopy.create(path / "below" / "f.blt", new_header(None, 7))
    with pytest.raises(LocalFileError):
        DataFile.create(path / "f.blt", new_header(None, 7))
