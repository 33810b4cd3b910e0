"""What is kept of a remote: bounded together, what was not used for longest goes first, and reading writes nothing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import catalog
from catalog import S3Connection
from catalog.local import cache
from catalog.local.cache import Cache
from catalog.local.sidecar import Sidecar

KIB = 1 << 10


@pytest.fixture
def sidecar(tmp_path: Path) -> Iterator[Sidecar]:
    """A new one."""
    made = Sidecar(tmp_path / "a.sync")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for 100 KiB, and a clock of which no two looks are the same."""
    monkeypatch.setattr(cache, "_MOST_BYTES", 100 * KIB)
    moments = itertools.count()
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))


def total(sidecar: Sidecar) -> int:
    row = sidecar.row(
        "SELECT (SELECT COALESCE(SUM(LENGTH(body)), 0) FROM segment) + (SELECT COALESCE(SUM(LENGTH(value)), 0) FROM fetched)"
    )
    assert row is not None
    return int(row[0])


def pack(number: int) -> bytes:
    return number.to_bytes(16, "big")


def values_of(kept: Cache, numbers: range) -> list[int]:
    return [number for number in numbers if kept.get_value(pack(number), 0) is not None]


def test_both_kinds_are_bounded_together(sidecar: Sidecar) -> None:
    """However much is kept, never more than the bound lies there; the newest of both kinds does."""
    kept = Cache(sidecar)
    for number in range(40):
        kept.put_values([(pack(number), 0, bytes(5 * KIB))])
        kept.put_segment(f"s{number}", bytes(5 * KIB))
        assert total(sidecar) <= 100 * KIB
    assert total(sidecar) >= 70 * KIB
    assert kept.get_value(pack(39), 0) is not None
    assert kept.get_segment("s39") is not None
    assert kept.get_segment("s0") is None


def test_what_is_read_stays_and_what_is_not_goes(sidecar: Sidecar) -> None:
    """Of values and segments alike, also when they were read in an earlier opening."""
    kept = Cache(sidecar)
    kept.put_segment("read", bytes(10 * KIB))
    kept.put_segment("not read", bytes(10 * KIB))
    kept.put_values([(pack(number), 0, bytes(10 * KIB)) for number in range(8)])
    assert kept.get_segment("read") is not None
    assert values_of(kept, range(2)) == [0, 1]
    kept.close()

    again = Cache(sidecar)
    again.put_values([(pack(99), 0, bytes(10 * KIB))])
    assert again.get_segment("read") is not None
    assert again.get_segment("not read") is None
    assert values_of(again, range(8)) == [0, 1, 5, 6, 7]


def test_reading_writes_nothing_but_many_marks_at_once(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred reads are one write, when the cache is closed; or each thousand of them."""
    kept = Cache(sidecar)
    kept.put_values([(pack(number), 0, b"x") for number in range(100)])
    writes: list[int] = []
    transaction = sidecar.transaction

    def counted(**more: bool) -> object:
        writes.append(1)
        return transaction(**more)

    monkeypatch.setattr(sidecar, "transaction", counted)
    assert len(values_of(kept, range(100))) == 100
    assert values_of(kept, range(1, 100)) == list(range(1, 100))
    assert not writes
    kept.close()
    kept.close()
    assert len(writes) == 1
    monkeypatch.setattr(cache, "_MOST_MARKS", 50)
    values_of(kept, range(100))
    assert len(writes) == 3


def test_the_index_that_is_in_use_is_never_forgotten(sidecar: Sidecar) -> None:
    """Even when it alone is more than the bound: beside it is room for a little, and what comes in goes on going out."""
    kept = Cache(sidecar)
    kept.keep_segments(lambda: {f"s{number}" for number in range(12)})
    for number in range(12):
        kept.put_segment(f"s{number}", bytes(10 * KIB))
    for number in range(30):
        kept.put_values([(pack(number), 0, bytes(5 * KIB))])
        assert total(sidecar) <= (120 + 25 + 5) * KIB
    assert all(kept.get_segment(f"s{number}") is not None for number in range(12))
    assert values_of(kept, range(30))[-1:] == [29]


@pytest.mark.parametrize("value", ["NULL", "'many'", "-5", "x'00'"])
def test_a_count_that_is_none_is_made_anew(sidecar: Sidecar, value: str) -> None:
    """An older sidecar has none, and a stranger's any."""
    kept = Cache(sidecar)
    kept.put_values([(pack(number), 0, bytes(10 * KIB)) for number in range(9)])
    sidecar.run(f"INSERT OR REPLACE INTO state VALUES ('cached_bytes', {value})")
    for number in range(9, 30):
        kept.put_values([(pack(number), 0, bytes(10 * KIB))])
    assert total(sidecar) <= 110 * KIB


def test_what_is_no_bytes_is_not_there(sidecar: Sidecar) -> None:
    """Text and numbers that someone wrote into the file are no values."""
    sidecar.run("INSERT INTO fetched VALUES (?, 0, 'text', 1)", (pack(1),))
    sidecar.run("INSERT INTO segment VALUES ('s', 5, 1)")
    assert Cache(sidecar).get_value(pack(1), 0) is None
    assert Cache(sidecar).get_segment("s") is None


def test_pruning_gives_the_space_back(folder_connection: S3Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What readers fetched goes, and the files are smaller by what is said; the index stays for reading offline."""
    monkeypatch.setattr(cache, "_MOST_BYTES", 64 << 20)
    with catalog.open(folder_connection, tmp_path / "first.blt", "c", lock="commit") as first:
        first.update({f"k{number}": bytes(range(256)) * 400 for number in range(40)})
        first.changes().push()
    file = tmp_path / "mine.blt"
    with catalog.open(folder_connection, file) as mine:
        assert all(len(mine[key]) == 100 * KIB for key in mine)

    def on_disk() -> int:
        return sum(path.stat().st_size for path in tmp_path.glob("mine.blt*") if not path.name.endswith("-shm"))

    with catalog.open(folder_connection, file, "w", lock="commit") as mine:
        mine["edit"] = b"kept"
        mine.sync()
        before = on_disk()
        assert before > 4_000_000
        pruned = mine.prune()
        assert pruned.bytes_freed == before - on_disk() > 4_000_000
        assert pruned == 0
    with catalog.open(folder_connection, file, offline=True) as mine:
        assert mine["edit"] == b"kept"
        assert sorted(mine) == sorted(["edit", *(f"k{number}" for number in range(40))])
