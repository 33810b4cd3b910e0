"""Our appending, linking, removing and growing leave a file that booklet reads exactly, in any mixture with booklet itself."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import booklet
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from catalog.errors import LocalFileError, UnsupportedFormatError
from catalog.local.data_file import METADATA_KEY, RESERVED_KEYS, DataFile, Record, TornBlockError, key_hash

from .copies import create, largest_file, plain, seen_by_booklet

LARGE = settings.get_current_profile_name() == "large"
KEYS = st.sampled_from(["a", "b", "k\0", "日本", "\U0010ffff", "x" * 300, *(f"key {number}" for number in range(40))])
VALUES = st.one_of(st.binary(max_size=40), st.just(b""), st.integers(1000, 9000).map(lambda size: b"v" * size))


class OursAndBooklets(RuleBasedStateMachine):
    """A file that both we and booklet write to, against a dict."""

    # booklet cannot move an array of fewer than six buckets: too small for the dead block that it leaves
    @initialize(timestamps=st.booleans(), buckets=st.integers(6, 13))
    def begin(self, timestamps: bool, buckets: int) -> None:
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.path = self.folder / "f.blt"
        with booklet.open(self.path, "n", key_serializer="str", n_buckets=buckets, init_timestamps=timestamps):
            pass
        self.model: dict[str, bytes] = {}
        self.timestamps = timestamps
        self.moment = 1
        self.ours()

    def ours(self) -> None:
        self.data = DataFile(self.path, writable=True)

    def places(self) -> dict[bytes, int]:
        return {block.key: block.offset for block in self.data.scan() if block.alive}

    @rule(items=st.dictionaries(KEYS, VALUES, max_size=120))
    def append(self, items: dict[str, bytes]) -> None:
        old = self.places()
        self.moment += 1
        batch = self.data.append([Record(key.encode(), self.moment, value) for key, value in items.items()])
        self.data.link(batch, sum(key.encode() not in old for key in items))
        self.data.remove([(key.encode(), old[key.encode()]) for key in items if key.encode() in old], 0)
        for (key, value), offset in zip(items.items(), batch.offsets, strict=True):
            assert self.data.read(offset, len(value)) == value, key
        self.model.update(items)

    @rule(items=st.dictionaries(st.integers(0, 500).map(str), VALUES, min_size=70, max_size=90))
    def append_many(self, items: dict[str, bytes]) -> None:
        self.append(items)

    @rule(items=st.dictionaries(KEYS, VALUES, min_size=1))
    def append_and_take_back(self, items: dict[str, bytes]) -> None:
        self.data.take_back(self.data.append([Record(key.encode(), 5, value) for key, value in items.items()]))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        doomed = data.draw(st.lists(st.sampled_from(sorted(self.model)), unique=True))
        places = self.places()
        self.data.remove([(key.encode(), places[key.encode()]) for key in doomed], len(doomed))
        for key in doomed:
            assert self.data.was_deleted(key.encode(), places[key.encode()])
            del self.model[key]

    @precondition(lambda self: self.data.header.n_buckets < 12_007)
    @rule(more=st.integers(1, 30))
    def grow(self, more: int) -> None:
        self.data.grow(self.data.header.n_buckets + more)

    @rule(items=st.dictionaries(KEYS, VALUES, max_size=10), doomed=st.lists(KEYS, max_size=5))
    def booklet_edits(self, items: dict[str, bytes], doomed: list[str]) -> None:
        with plain(self.path) as opened:
            opened.update(items)
            self.model.update(items)
            for key in doomed:
                if key in self.model:
                    del opened[key]
                    del self.model[key]
        self.data.reload()

    @rule(value=st.integers(0, 100))
    def booklet_metadata(self, value: int) -> None:
        with plain(self.path) as opened:
            opened.set_metadata({"value": value})
            opened.set_reserved(1, str(value).encode())
        self.data.reload()
        block = self.data.find(METADATA_KEY)
        assert block is not None
        assert self.data.read(block.offset, block.length) == b'{"value":%d}' % value

    @rule(clear=st.booleans())
    def booklet_rewrites(self, clear: bool) -> None:
        with plain(self.path) as opened:
            if clear:
                opened.clear()
                self.model.clear()
            else:
                opened.prune()
        self.data.reload()

    @invariant()
    def booklet_agrees(self) -> None:
        assert seen_by_booklet(self.path) == self.model
        assert self.data.header.n_keys == len(self.model)

    @invariant()
    def we_agree(self) -> None:
        alive = [block for block in self.data.scan() if block.alive and block.key not in RESERVED_KEYS]
        assert {block.key.decode(): self.data.read(block.offset, block.length) for block in alive} == self.model
        assert len(alive) == len(self.model)
        for key in [*self.model, "not there"]:
            found = self.data.find(key.encode())
            assert (found and self.data.read(found.offset, found.length)) == self.model.get(key)

    def teardown(self) -> None:
        if hasattr(self, "data"):
            self.data.close()
            shutil.rmtree(self.folder)


TestOursAndBooklets = OursAndBooklets.TestCase
TestOursAndBooklets.__doc__ = "In any order of our writes and booklet's, booklet, our scan and our look-ups read the dict."
TestOursAndBooklets.settings = settings(
    max_examples=300 if LARGE else 25,
    stateful_step_count=60 if LARGE else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_an_existing_file_is_left_alone(path: Path) -> None:
    """Creating where a file is already changes nothing and leaves no other file."""
    create(path)
    with plain(path) as opened:
        opened["a"] = b"1"
    create(path)

    assert seen_by_booklet(path) == {"a": b"1"}
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\0" * 200, b"SQLite format 3\0" * 20], ids=["empty", "short", "zeros", "sqlite"]
)
def test_another_kind_of_file_is_refused(content: bytes, path: Path) -> None:
    """A file that is no booklet is named in the error and not touched."""
    path.write_bytes(content)
    with pytest.raises(UnsupportedFormatError, match="not a booklet"):
        DataFile(path, writable=True)

    assert path.read_bytes() == content


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, or nothing at all, is a LocalFileError with its path."""
    for place in (tmp_path, tmp_path / "nothing", tmp_path / "no folder" / "file"):
        for writable in (True, False):
            with pytest.raises(LocalFileError) as caught:
                DataFile(place, writable=writable)
            assert caught.value.path == str(place)


def test_every_truncation_shows(path: Path) -> None:
    """Cut off anywhere, a file says where its blocks end, or that blocks which its header counts are missing."""
    create(path, 20)
    with plain(path) as opened:
        for number in range(8):
            opened[f"key {number}"] = b"v" * number
    whole = path.read_bytes()
    for relocated in (False, True):
        if relocated:
            with plain(path) as opened:
                opened.prune()
            whole = path.read_bytes()
        for length in range(200, len(whole)):
            path.write_bytes(whole[:length])
            data = DataFile(path, writable=False)
            found = torn = 0
            try:
                for block in data.scan():
                    found += block.alive
            except TornBlockError:
                torn = 1
            data.close()
            assert torn or found < data.header.n_keys, length


def test_every_flipped_bit_of_a_block_head_is_survived(path: Path) -> None:
    """A flipped bit anywhere makes a scan end early or give other blocks, but never hang or crash."""
    create(path, 3)
    with plain(path) as opened:
        opened.update({"a": b"1", "b": b"22", "c": b""})
    whole = path.read_bytes()
    for at in range(200, len(whole)):
        for bit in (0, 3, 7):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            data = DataFile(path, writable=False)
            try:
                assert len(list(data.scan())) <= 10
            except TornBlockError:
                pass
            finally:
                data.close()


def test_every_write_changes_the_fingerprint(path: Path) -> None:
    """After a stamp, any edit by booklet shows at once, a timestamp set in place too."""
    create(path)
    data = DataFile(path, writable=True)
    with plain(path) as opened:
        opened["a"] = b"1"
    for edit in ("set", "same value", "timestamp", "delete"):
        data.stamp()
        before = data.fingerprint()
        assert data.fingerprint() == before
        with plain(path) as opened:
            if edit == "timestamp":
                opened.set_timestamp("a", 5)
            elif edit == "delete":
                del opened["a"]
            else:
                opened["a"] = b"1"
        assert data.fingerprint() != before, edit
    data.close()


def test_a_full_disk_while_growing_leaves_the_file_as_it_was(path: Path) -> None:
    """When a larger bucket array does not fit, also by a write that is cut short, the file is as before."""
    create(path)
    with plain(path) as opened:
        opened.update({str(number): b"v" for number in range(7)})
    before = path.read_bytes()
    data = DataFile(path, writable=True)
    for room in (0, 1, 5_000, 72_041):
        with largest_file(len(before) + room), pytest.raises(LocalFileError):
            data.grow(100)
        assert path.read_bytes() == before
    assert data.grow(100)
    data.close()
    assert seen_by_booklet(path) == {str(number): b"v" for number in range(7)}


def test_a_full_disk_while_appending_leaves_no_half_block(path: Path) -> None:
    """When a batch does not fit, what was written of it is cut off again."""
    create(path)
    data = DataFile(path, writable=True)
    before = path.read_bytes()
    with largest_file(len(before) + 500), pytest.raises(LocalFileError):
        data.append([Record(b"k", 5, b"v" * 1000)])
    data.close()

    assert path.read_bytes() == before


def test_keys_are_hashed_as_booklet_does() -> None:
    """A key is found in the chain where booklet puts it."""
    assert key_hash(b"a") == hashlib.blake2s(b"a", digest_size=13).digest()
