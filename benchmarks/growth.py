"""What works cost as databases, histories and teams grow: requests, bytes and times, against what is to be reached.

    pip install '.[test]'
    python benchmarks/growth.py [--quick] [--only WORK] [--folder FOLDER]

Remotes are made as a first push makes them, in a folder (of memory, where there is one), so that what is counted is what the
store is asked and what passes: the same as in a bucket, where ``tests/test_costs.py`` counts the smaller of these works on the
line too. The contest of 40 writers runs on SeaweedFS. ``today`` is commit 14e9093, the last of the preview's format, as measured
before the format was made anew; the ratio is to that. Of uuid-like keys it is reckoned: their index took 17.6 bytes a key more.
Counter-like keys are ``station/00012345``, uuid-like ones 32 random hex digits; values were set one after another, as a load does
it. A cold look-up asks for both frames of a segment at once: four requests are three trips. ``--quick`` takes a hundredth of the
keys, to see that it runs; its figures say nothing.

The exit status is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import catalog
from catalog import Database, Draft, S3Connection
from catalog.errors import CatalogError
from catalog.progress import Progress
from catalog.store.access import connect_store
from catalog.store.interface import Traffic
from catalog.testing.large_remote import build_remote, in_a_row, value_of
from catalog.testing.seaweed import Seaweed

KB = 1024
MEMORY = Path("/dev/shm")
_STEP = 1 << 128


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: of which work, how much of what, how much it may be, and how much it was before (None: not known)."""

    work: str
    what: str
    found: float
    most: float
    today: float | None = None

    def __str__(self) -> str:
        verdict = "met" if self.found <= self.most else "NOT MET"
        ratio = f", today {self.today:,.0f} (1/{self.today / self.found:,.1f})" if self.today and self.found else ""
        return f"{self.work:<58} {self.what:<22} {self.found:>12,.1f}  ≤ {self.most:>10,.0f}  {verdict}{ratio}"


class Growth:
    """The works, in a folder; each yields its figures. ``scale`` divides the numbers of keys."""

    def __init__(self, folder: Path, scale: int) -> None:
        self.folder, self.scale = folder, scale
        self._made: set[str] = set()
        self._files = 0

    def remote(self, keys: int, kind: str) -> tuple[S3Connection, Callable[[int], str], int]:
        """A remote of so many keys of a kind, made when it is first asked for."""
        keys //= self.scale
        name = f"{kind}-{keys}"
        connection = S3Connection(db_key="data.blt", endpoint_url=(self.folder / name).as_uri())
        key_of = counter if kind == "counter" else uuids(keys)
        if name not in self._made:
            began = time.monotonic()
            build_remote(connect_store(connection, writing=True), "data.blt", keys, key_of, in_a_row)
            print(f"# made {keys:,} {kind}-like keys in {time.monotonic() - began:.0f} s", flush=True)
            self._made.add(name)
        return connection, key_of, keys

    def file(self) -> Path:
        """A place for a working copy that no other uses."""
        self._files += 1
        return self.folder / f"copy-{self._files}.blt"

    def cold_get(self) -> Iterator[Figure]:
        """A new working copy and one value, where nothing was pushed since the first commit."""
        most = {
            ("counter", 1): (4, 64, 88),
            ("counter", 10): (5, 160, 234),
            ("uuid", 1): (4, 130, None),
            ("uuid", 10): (5, 200, None),
        }
        for (kind, millions), (requests, kilobytes, today) in most.items():
            connection, key_of, keys = self.remote(millions * 1_000_000, kind)
            with catalog.open(connection, self.file(), "r") as database:
                number = keys * 2 // 3
                assert database[key_of(number)] == value_of(number)
                traffic = traffic_of(database)
                work = f"cold open and get, {keys:,} {kind}-like keys"
                yield Figure(work, "requests", traffic.total_requests, requests)
                yield Figure(work, "KB down", traffic.bytes_down / KB, kilobytes, today)

    def push_one(self) -> Iterator[Figure]:
        """One changed key at a time, from one working copy after another, in the median."""
        for millions, kilobytes, today in ((1, 16, 53), (10, 32, 395)):
            connection, key_of, keys = self.remote(millions * 1_000_000, "counter")
            source, costs = random.Random(1), []
            for _ in range(5):
                with catalog.open(connection, self.file(), "w", lock="commit") as database:
                    for _ in range(5):
                        before = (traffic_of(database).total_requests, traffic_of(database).bytes_up)
                        database[key_of(source.randrange(keys))] = source.randbytes(100)
                        database.changes().push()
                        after = (traffic_of(database).total_requests, traffic_of(database).bytes_up)
                        costs.append((after[0] - before[0], after[1] - before[1]))
            work = f"push 1 of {keys:,}, median of {len(costs)}"
            yield Figure(work, "requests", statistics.median(cost[0] for cost in costs), 4, 5)
            yield Figure(work, "KB up", statistics.median(cost[1] for cost in costs) / KB, kilobytes, today)

    def push_random(self) -> Iterator[Figure]:
        """10,000 random keys of ten million, from a working copy that never saw the index."""
        for kind, share, today in (("counter", 1 / 4, 78), ("uuid", 3 / 4, 254)):
            connection, key_of, keys = self.remote(10_000_000, kind)
            source = random.Random(2)
            with catalog.open(connection, self.file(), "w", lock="commit") as database:
                for number in source.sample(range(keys), 10_000 // self.scale):
                    database[key_of(number)] = source.randbytes(100)
                traffic_of(database).reset()
                began = time.monotonic()
                database.changes().push()
                seconds = time.monotonic() - began
                traffic = traffic_of(database)
                work = f"push {10_000 // self.scale:,} random of {keys:,} {kind}-like keys"
                print(f"# {work}: {seconds:.1f} s", flush=True)
                yield Figure(work, "requests", traffic.total_requests, 2_031 / 4, 2_031)
                yield Figure(work, "MB down", traffic.bytes_down / KB / KB, today * share, today)
                assert len(database) == keys

    def pushes_in_a_row(self) -> Iterator[Figure]:
        """1,000 pushes of 10 keys each on a million: the last hundred cost what the first did. Then what the history costs."""
        connection, key_of, keys = self.remote(1_000_000, "counter")
        count, source, costs = 1_000 // min(self.scale, 10), random.Random(3), []
        file = self.file()
        began = time.monotonic()
        with catalog.open(connection, file, "w", lock="commit") as database:
            for _ in range(count):
                before = (traffic_of(database).total_requests, traffic_of(database).bytes_up)
                for number in source.sample(range(keys), 10):
                    database[key_of(number)] = source.randbytes(100)
                database.changes().push()
                costs.append((traffic_of(database).total_requests - before[0], traffic_of(database).bytes_up - before[1]))
        print(f"# {count:,} pushes in {time.monotonic() - began:.0f} s", flush=True)
        tenth = count // 10
        first, last = (sum(cost[1] for cost in some) / tenth / KB for some in (costs[:tenth], costs[-tenth:]))
        work = f"{count:,} pushes of 10 of {keys:,} keys in a row"
        yield Figure(work, "requests, median", statistics.median(cost[0] for cost in costs), 4)
        yield Figure(work, "KB up, mean", sum(cost[1] for cost in costs) / count / KB, 16)
        yield Figure(work, "KB up, last/first ×100", last / first * 100, 150)
        with catalog.open(connection, file, "r") as database:
            yield Figure("re-open unchanged", "requests", traffic_of(database).total_requests, 1, 1)
        yield from self._long_history(connection, count)
        yield from self._collection(connection, count, keys)

    def _long_history(self, connection: S3Connection, count: int) -> Iterator[Figure]:
        with catalog.open(connection, self.file(), "r") as database:
            commits = list(database.history())
            assert len(commits) >= count
            work = f"history of {len(commits):,} commits"
            yield Figure(work, "requests", traffic_of(database).total_requests, 6, 1_004)
            yield Figure(work, "KB down", traffic_of(database).bytes_down / KB, 64, 24_800)
            traffic_of(database).reset()
            assert len(list(database.history())) == len(commits)
            yield Figure(f"{work}, again", "requests", traffic_of(database).total_requests, 1, 1_004)
        with catalog.open(connection, self.file(), "r", version=len(commits) - min(500, count // 2)) as database:
            work = f"open {min(500, count // 2)} commits back"
            yield Figure(work, "requests", traffic_of(database).total_requests, 5, 503)

    def _collection(self, connection: S3Connection, count: int, keys: int) -> Iterator[Figure]:
        """A dry run that keeps everything, from a working copy that never saw the index, and again."""
        with catalog.open(connection, self.file(), "w", lock="commit") as database:
            for work in (f"collect_garbage, dry run, after {count:,} pushes", "the same again"):
                traffic_of(database).reset()
                began, worked = time.monotonic(), time.process_time()
                found = database.collect_garbage(progress=Progress())
                seconds, worked = time.monotonic() - began, time.process_time() - worked
                assert found.commits_kept >= count
                print(f"# {work}: {traffic_of(database).total_requests:,} requests, {seconds:.1f} s", flush=True)
                today = 0.57 * found.commits_kept * keys / 1_000_000
                yield Figure(work, "processor seconds", worked, max(today / 100, 1), today)

    def writers(self) -> Iterator[Figure]:
        """40 writers who do not know each other, each with a key of its own, on a real server, all at once."""
        with tempfile.TemporaryDirectory() as own, Seaweed(Path(own)) as server:
            connection = server.connection("contest.blt")
            with catalog.open(connection, self.file(), "c", lock="commit") as database:
                database["first"] = b"1"
                database.changes().push()
            writers = [catalog.open(connection, self.file(), "w", lock="commit") for _ in range(40)]
            costs, lost = contest(writers)
            with catalog.open(connection, self.file(), "r") as database:
                missing = sum(f"k{number:02d}" not in database for number in range(40))
            work = "40 writers at once, disjoint keys"
            yield Figure(work, "lost", lost + missing, 0, 12)
            yield Figure(work, "requests each, mean", statistics.mean(costs), 15, 2_216 / 40)
            yield Figure(work, "requests, at worst", max(costs), 25)

    def drafts(self) -> Iterator[Figure]:
        """100 drafts of 50 keys each, made in the processes of a Dask cluster, in one commit."""
        connection = S3Connection(db_key="drafts.blt", endpoint_url=(self.folder / "drafts").as_uri())
        main = self.file()
        with catalog.open(connection, main, "c", lock="commit") as database:
            database["first"] = b"1"
            database.changes().push()
        with _cluster() as client:
            folder = str(self.folder)
            futures = [client.submit(make_draft, connection.to_dict(), folder, number, pure=False) for number in range(100)]
            drafts: list[Draft] = client.gather(futures)
        with catalog.open(connection, main, "w", lock="commit") as database:
            database.changes().push(drafts=drafts)
            work = "100 drafts from a Dask cluster"
            yield Figure(work, "commits", sum(1 for _ in database.history()) - 1, 1)
            yield Figure(work, "keys lost", 1 + 100 * 50 - len(database), 0)


def _cluster() -> Any:
    """A Dask client with four processes of its own."""
    import distributed  # noqa: PLC0415 - it takes seconds, and only one work needs it

    make: Any = distributed.Client
    return make(n_workers=4, threads_per_worker=1, dashboard_address=None)


def make_draft(connection: dict[str, object], folder: str, number: int) -> Draft:
    """What one worker prepares: 50 keys, from a working copy of its own."""
    file = Path(folder) / f"worker-{number}.blt"
    with catalog.open(connection, file, "w", lock="commit") as database:
        database.update({f"w{number:03d}/{key:02d}": b"%d" % number * 20 for key in range(50)})
        draft: Draft = database.changes().prepare()
    return draft


def contest(writers: Sequence[Database]) -> tuple[list[int], int]:
    """Let writers push at once; the requests that each needed, and how many failed."""
    start, costs, failed = threading.Barrier(len(writers)), list[int](), list[CatalogError]()

    def push(number: int, writer: Database) -> None:
        with writer:
            writer[f"k{number:02d}"] = b"%d" % number
            start.wait()
            before = traffic_of(writer).total_requests
            try:
                writer.changes().push()
            except CatalogError as error:
                failed.append(error)
            costs.append(traffic_of(writer).total_requests - before)

    threads = [threading.Thread(target=push, args=pair) for pair in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return costs, len(failed)


def traffic_of(database: Database) -> Traffic:
    """The counts of a database's store."""
    return database._session.remote.store.traffic  # noqa: SLF001 - users see requests only


def counter(number: int) -> str:
    """The counter-like key of a number."""
    return f"station/{number:08d}"


def uuids(count: int) -> Callable[[int], str]:
    """Random keys that are sorted by their numbers."""
    step = _STEP // count

    def key_of(number: int) -> str:
        dice = int.from_bytes(blake2b(number.to_bytes(8, "big"), digest_size=16).digest(), "big")
        return f"{number * step + (dice * step >> 128):032x}"

    return key_of


WORKS = ("cold_get", "push_one", "push_random", "pushes_in_a_row", "writers", "drafts")


def main() -> int:
    """Measure, print as it comes, and say whether all is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=WORKS, action="append")
    parser.add_argument("--folder", type=Path, default=MEMORY if MEMORY.is_dir() else None)
    asked = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory(prefix="growth", dir=asked.folder) as folder:
        growth = Growth(Path(folder), 100 if asked.quick else 1)
        for work in asked.only or WORKS:
            for figure in getattr(growth, work)():
                print(figure, flush=True)
                met = met and figure.found <= figure.most
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
