"""A folder as a store."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import catalog
from catalog import S3Connection
from catalog.doctor import examine
from catalog.errors import (
    AccessDeniedError,
    IntegrityError,
    InvalidInputError,
    LocalFileError,
    LockTimeoutError,
    ObjectMissingError,
)
from catalog.store.directory.files import FolderLayout, local_errors
from catalog.store.directory.names import to_path
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import IfMatch
from catalog.testing.store_contract import Stand, StoreContract

HERE = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the store; it does not exist yet."""
    return tmp_path / "remote"


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Run Python code as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=HERE,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


class TestDirectoryStore(StoreContract):
    """The contract of a store, kept by a folder."""

    @pytest.fixture
    def stand(self, folder: Path) -> Stand:
        """A folder, and its files as another program sees them."""

        def raw_put(name: str, body: bytes) -> None:
            path = folder / to_path(name, fold_case=False)
            if path.is_dir():
                path /= "index.html"
            for above in reversed(path.relative_to(folder).parents[:-1]):
                if (folder / above).is_file():
                    moved = (folder / above).read_bytes()
                    (folder / above).unlink()
                    (folder / above).mkdir()
                    (folder / above / "index.html").write_bytes(moved)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

        def raw_get(name: str) -> bytes | None:
            path = folder / to_path(name, fold_case=False)
            path = path / "index.html" if path.is_dir() else path
            return path.read_bytes() if path.exists() else None

        def leftovers() -> list[str]:
            unfinished = folder / ".catalog-store" / "unfinished"
            return [path.name for path in unfinished.iterdir()] if unfinished.exists() else []

        return Stand(DirectoryStore(folder), "data/rain.blt", raw_put, raw_get, leftovers)


class TestLayout:
    """Where the files are."""

    def test_objects_are_files(self, folder: Path) -> None:
        """An object is a file of its name; one with objects under it is that folder's index."""
        store = DirectoryStore(folder)
        store.put("data/rain.blt/packs/1", b"pack")
        store.put("data/rain.blt", b"head")
        store.put("data/snow.blt", b"other head")

        assert (folder / "data/rain.blt/packs/1").read_bytes() == b"pack"
        assert (folder / "data/rain.blt/index.html").read_bytes() == b"head"
        assert (folder / "data/snow.blt").read_bytes() == b"other head"

    def test_nothing_is_left_of_what_was_deleted(self, folder: Path) -> None:
        """Folders go with their last object."""
        store = DirectoryStore(folder)
        names = ["a", "a/b", "a/b/c", "d/e"]
        for name in names:
            store.put(name, b"x")
        store.delete_many(names)

        assert [path.name for path in folder.iterdir()] == [".catalog-store"]

    def test_reading_makes_nothing(self, folder: Path) -> None:
        """Who only reads leaves no traces, even of a store that is not there."""
        store = DirectoryStore(folder)
        with pytest.raises(ObjectMissingError):
            store.get("a")
        assert list(store.list("")) == []
        store.delete("a")

        assert not folder.exists()

    def test_folder_that_vanished(self, folder: Path) -> None:
        """A store whose folder was removed is an empty store, and can be written again."""
        store = DirectoryStore(folder)
        store.put("a", b"x")
        shutil.rmtree(folder)

        with pytest.raises(ObjectMissingError):
            store.get("a")
        store.put("a", b"y")
        assert store.get("a").body == b"y"

    def test_names_stay_inside(self, folder: Path) -> None:
        """No name leads out of the folder."""
        (folder.parent / "outside").write_bytes(b"private")
        store = DirectoryStore(folder)
        store.put("x", b"x")
        for name in ("../outside", "a/../../outside", str(folder.parent / "outside")):
            for ask in (store.get, store.head, store.delete, lambda name: store.put(name, b"")):
                with pytest.raises(InvalidInputError):
                    ask(name)

        assert (folder.parent / "outside").read_bytes() == b"private"
        assert [item.name for item in store.list("")] == ["x"]

    def test_own_files_are_no_objects(self, folder: Path) -> None:
        """Neither listed nor reachable by a name are the files by which the store works."""
        store = DirectoryStore(folder)
        store.put("x", b"x")

        with pytest.raises(ObjectMissingError):
            store.get(".catalog-store/lock")
        assert [item.name for item in store.list(".")] == []

    def test_large_objects_have_tags_too(self, folder: Path) -> None:
        """A large object changes its tag with each write, and is swapped by it."""
        store = DirectoryStore(folder)
        first = store.put("big", bytes(3 << 20))
        second = store.put("big", bytes(3 << 20), precondition=IfMatch(first))

        assert store.get("big").etag == store.head("big").etag == second
        assert first != second

    def test_folded_case(self, folder: Path) -> None:
        """In a store that was made where A is a, both are objects of their own."""
        layout = FolderLayout(folder, 1)
        layout.prepare()
        (folder / ".catalog-store" / "case").write_text("folded")
        store = DirectoryStore(folder)
        store.put("Data/A", b"large")
        store.put("data/a", b"small")

        assert sorted(path.name for path in folder.iterdir()) == ["%44ata", ".catalog-store", "data"]
        assert {item.name for item in store.list("")} == {"Data/A", "data/a"}
        assert store.get("Data/A").body == b"large"


class TestWritersTakeTurns:
    """Threads and processes that write at the same time."""

    def test_processes_lose_no_update(self, folder: Path) -> None:
        """A counter that several processes increase counts each of them."""
        DirectoryStore(folder).put("counter", b"0")
        script = (
            "import sys; from pathlib import Path\n"
            "from catalog.errors import PreconditionFailedError\n"
            "from catalog.store.directory.store import DirectoryStore\n"
            "from catalog.store.interface import IfMatch\n"
            "store, left = DirectoryStore(Path(sys.argv[1])), 25\n"
            "print('ready', flush=True); sys.stdin.readline()\n"
            "while left:\n"
            "    now = store.get('counter')\n"
            "    try: store.put('counter', b'%d' % (int(now.body) + 1), precondition=IfMatch(now.etag)); left -= 1\n"
            "    except PreconditionFailedError: pass\n"
        )
        racers = [start(script, folder) for _ in range(3)]
        for racer in racers:
            assert racer.stdout is not None
            racer.stdout.readline()
        for racer in racers:
            racer.communicate("go\n")

        assert [racer.returncode for racer in racers] == [0, 0, 0]
        assert DirectoryStore(folder).get("counter").body == b"75"

    def test_a_damaged_note_about_capitals(self, folder: Path) -> None:
        """A flipped bit in what the folder says of itself is an error that names the file, for readers, writers and doctor."""
        place = S3Connection(db_key="rain", endpoint_url=folder.as_uri())
        with catalog.open(place, folder.parent / "a.blt", "c", lock="commit") as database:
            database["a"] = b"1"
            database.changes().push()
        note = folder / ".catalog-store" / "case"
        whole = note.read_bytes()
        for bit in (7, 13, 31):
            note.write_bytes(bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(whole)))
            with pytest.raises(IntegrityError, match="case is damaged"):
                catalog.open(place, folder.parent / "b.blt")
            with pytest.raises(IntegrityError, match="case is damaged"):
                DirectoryStore(folder).put("x", b"")
            assert "case is damaged" in " ".join(check.found for check in examine(place).checks)
        note.write_bytes(whole)
        with catalog.open(place, folder.parent / "b.blt") as database:
            assert database["a"] == b"1"

    def test_a_damaged_note_of_a_move(self, folder: Path) -> None:
        """What was on its way when a writer was killed goes to its own place or nowhere: its note is not believed."""
        DirectoryStore(folder).put("other", b"mine")
        layout = FolderLayout(folder, 1)
        staged = layout.staged(folder / "a")
        for note in (b"\xff\xfe", b"other", b"../outside", str(folder.parent / "outside").encode(), b"a\0", b""):
            (staged / "folder").mkdir(parents=True, exist_ok=True)
            (staged / "folder" / "index.html").write_bytes(b"on its way")
            (staged / "path").write_bytes(note)
            with pytest.raises(IntegrityError, match="path is damaged"):
                DirectoryStore(folder).put("x", b"")
        assert not (folder.parent / "outside").exists()
        assert DirectoryStore(folder).get("other").body == b"mine"
        (staged / "path").write_bytes(b"a")
        DirectoryStore(folder).put("x", b"")
        assert DirectoryStore(folder).get("a").body == b"on its way"

    def test_waiting_ends(self, folder: Path) -> None:
        """A lock that another process holds is waited for, for the time that was said."""
        DirectoryStore(folder).put("a", b"x")
        holder = start(
            "import sys, portalocker\n"
            "lock = portalocker.Lock(sys.argv[1], 'a'); lock.acquire()\n"
            "print('held', flush=True); sys.stdin.readline()",
            folder / ".catalog-store" / "lock",
        )
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            store = DirectoryStore(folder, lock_timeout=0.1)
            with pytest.raises(LockTimeoutError, match="another process"):
                store.put("a", b"y")
            assert store.get("a").body == b"x"
        finally:
            holder.communicate("\n")

        store.put("a", b"y")
        assert store.get("a").body == b"y"

    def test_waiting_for_a_thread_ends(self, folder: Path) -> None:
        """A lock that another thread holds is waited for, for the time that was said."""
        layout = FolderLayout(folder, 10)
        layout.prepare()
        with layout.locked(), ThreadPoolExecutor(1) as pool:
            late = pool.submit(DirectoryStore(folder, lock_timeout=0.05).put, "a", b"x")
            with pytest.raises(LockTimeoutError, match="another thread"):
                late.result()

    def test_object_is_readable_while_it_becomes_a_folder(self, folder: Path) -> None:
        """Readers of ``D`` find it at every moment while ``D/x`` is written for the first time."""
        store, started, ended = DirectoryStore(folder), threading.Barrier(3), threading.Event()
        names = [f"D{number}" for number in range(60)]
        for name in names:
            store.put(name, b"head")

        def read() -> int:
            started.wait()
            rounds = 0
            while not ended.is_set():
                assert all(store.get(name).body == b"head" for name in names)
                rounds += 1
            return rounds

        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read) for _ in range(2)]
            started.wait()
            for name in names:
                store.put(f"{name}/x", b"under")
            ended.set()

            assert sum(reader.result() for reader in readers) > 0


class TestKills:
    """Writers that die."""

    SCRIPT = (
        "import os, signal, sys; from pathlib import Path\n"
        "from catalog.store.directory.store import DirectoryStore\n"
        "def die_at(number):\n"
        "    seen = 0\n"
        "    def watch(event, arguments):\n"
        "        nonlocal seen\n"
        "        if event in ('open', 'os.rename', 'os.remove', 'os.mkdir', 'os.link', 'os.rmdir', 'os.scandir'):\n"
        "            seen += 1\n"
        "            if seen == number: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    sys.addaudithook(watch)\n"
        "for number in range(1, 60):\n"
        "    folder = Path(sys.argv[1]) / str(number)\n"
        "    DirectoryStore(folder).put('D', b'head')\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        die_at(number)\n"
        "        DirectoryStore(folder).put('D/x', b'under'); os._exit(0)\n"
        "    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0: print(number); break\n"
    )

    def test_killed_at_any_step_of_a_move(self, tmp_path: Path) -> None:
        """A writer that dies while ``D`` becomes a folder harms neither ``D`` nor the next writer, wherever it dies."""
        done = start(self.SCRIPT, tmp_path)
        steps = int(done.communicate()[0])

        assert steps > 12
        for number in range(1, steps):
            store = DirectoryStore(tmp_path / str(number))
            assert store.get("D").body == b"head"
            store.put("D/y", b"next")
            assert store.get("D").body == b"head"
            assert {item.name for item in store.list("")} - {"D/x"} == {"D", "D/y"}

    def test_killed_while_writing(self, folder: Path) -> None:
        """Readers see one whole object or the next, however writers die."""
        script = (
            "import sys; from pathlib import Path\n"
            "from catalog.store.directory.store import DirectoryStore\n"
            "store = DirectoryStore(Path(sys.argv[1]))\n"
            "for number in range(10**6):\n"
            "    store.put('a', bytes([number % 256]) * 200_000)\n"
            "    if not number: print('ready', flush=True)\n"
        )
        for _ in range(4):
            writer = start(script, folder)
            assert writer.stdout is not None
            writer.stdout.readline()
            for _ in range(15):
                body = DirectoryStore(folder).get("a").body
                assert len(body) == 200_000
                assert len(set(body)) == 1
            writer.kill()
            writer.communicate()
            DirectoryStore(folder).put("b", b"the next writer is not held up")

    def test_leftovers_go_after_a_day(self, folder: Path) -> None:
        """What a killed writer left is removed when it is a day old, and not before."""
        DirectoryStore(folder).put("a", b"x")
        unfinished = folder / ".catalog-store" / "unfinished"
        old, young = unfinished / "old", unfinished / "young"
        for left in (old, young):
            left.write_bytes(b"half")
        day_ago = time.time() - 90_000
        os.utime(old, (day_ago, day_ago))
        DirectoryStore(folder).put("a", b"y")

        assert not old.exists()
        assert young.exists()


class TestFailures:
    """Disks and permissions."""

    def test_disk_full(self, folder: Path) -> None:
        """A disk without room says how much was needed, and the old object stays."""
        script = (
            "import io, resource, sys; from pathlib import Path\n"
            "from catalog.errors import LocalFileError\n"
            "from catalog.store.directory.store import DirectoryStore\n"
            "from catalog.store.interface import Source\n"
            "store = DirectoryStore(Path(sys.argv[1]))\n"
            "store.put('a', b'old')\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
            "for put in (lambda: store.put('a', bytes(2_000_000)),\n"
            "            lambda: store.put_large('a', Source(2_000_000, lambda: io.BytesIO(bytes(2_000_000))))):\n"
            "    try: put()\n"
            "    except LocalFileError as error: print(error)\n"
        )
        said = start(script, folder).communicate()[0].splitlines()

        assert len(said) == 2
        assert all("disk is full; 2,000,000 bytes" in line for line in said)
        assert DirectoryStore(folder).get("a").body == b"old"
        assert list((folder / ".catalog-store" / "unfinished").iterdir()) == []

    @pytest.mark.parametrize(
        ("number", "kind"),
        [(errno.EACCES, AccessDeniedError), (errno.EROFS, AccessDeniedError), (errno.EIO, LocalFileError)],
    )
    def test_errors_of_the_system(self, number: int, kind: type[Exception]) -> None:
        """Refusals of the system are AccessDeniedError, failures LocalFileError."""
        with pytest.raises(kind, match="the folder"), local_errors("the folder"):
            raise OSError(number, os.strerror(number))

    def test_our_own_errors_pass(self) -> None:
        """An error that is ours already stays as it is, although it is an OSError too."""
        with pytest.raises(LockTimeoutError), local_errors("the folder"):
            raise LockTimeoutError("a", "b", 1)

    def test_folder_that_is_a_file(self, folder: Path) -> None:
        """A file where the folder should be is an error of the local disk."""
        folder.write_bytes(b"")
        with pytest.raises(LocalFileError):
            DirectoryStore(folder).put("a", b"x")
