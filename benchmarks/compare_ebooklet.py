"""Compare ebooklet 0.11.1 with catalog on one SeaweedFS, through a counting proxy, in one run.

    pip install '.[bench]'
    python benchmarks/compare_ebooklet.py [--quick] [--keys N] [--rounds N] [--skip-million-ebooklet]

Every work is done by each contestant in a fresh process, contestants in turn and in another order each round; the table shows
the median of each column. Both are given the same values (random bytes, which do not compress), 8 threads, as many buckets as
there are keys, no serializer, and otherwise their own defaults. Seconds are wall time, CPU seconds those of the contestant's
process alone; the server and the proxy share the machine with it. Bytes are those on the wire with the heads of requests and
answers; only what passes during a timed section is counted.

What is timed, and what is not:

- *set and sync* is local. catalog computes the checksum of each value here, and makes the values durable; ebooklet writes its
  buffer without fsync. It has no target; it is shown because a slow one would make the pushes look better than they are.
- *first push* is ``changes().push()`` of values that were synced before. Opening and closing are outside.
- *open for write, warm*: the process has opened and closed the same database before. It includes taking the lock of the remote,
  which is where ebooklet waits. Giving the lock back is outside.
- *push 10*: from the working copy that made the first push. The new values are set before the timing starts; writing them to
  the local file happens within it for catalog, and partly for ebooklet.
- *re-open*: as above with flag ``r``.
- *load all*: opening without a local file is inside, because ebooklet fetches its index there and catalog while loading. The
  process has opened the database before under another file.
- *push 1 of 1M* and *cold get*: each contestant first publishes its own million keys, and pushes from the working copy that
  published them. ebooklet gets a million buckets like catalog, which lets its push of a million keys succeed; with its default
  of 12,007 it takes minutes to set that many. The cold process has imported the library and done nothing else, so that making
  the first S3 client is inside.

``--keys`` sets the keys of the first part; the second has ten times as many. The targets are meant for 100,000. The exit
status is 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from contestants import NAMES, Place
from measure import Failed, Job, Measured, median, run
from targets import render, rows

from catalog.testing.seaweed import Seaweed
from catalog.testing.tap import Tap

_VALUE_BYTES = 1000
_MILLION_VALUE_BYTES = 100
_ROUND = ("publish", "change_ten", "reopen", "load_all")


class Comparison:
    """Runs the works and collects what was measured."""

    def __init__(self, server: Seaweed, tap: Tap, folder: Path, timeout: float) -> None:
        self._server, self._tap, self._folder, self._timeout = server, tap, folder, timeout
        self._measured: defaultdict[tuple[str, str], list[Measured]] = defaultdict(list)
        self._failed: dict[tuple[str, str], Failed] = {}
        self._titles: dict[str, str] = {}

    def play(self, keys: int, rounds: int) -> None:
        """The works on ``keys`` keys, with a new database for each contestant and round."""
        for number in range(rounds):
            order = NAMES if number % 2 == 0 else NAMES[::-1]
            for work in _ROUND:
                for name in order:
                    self._run(name, work, f"round-{number}", keys, _VALUE_BYTES, number)
            shutil.rmtree(self._folder / f"round-{number}", ignore_errors=True)

    def play_million(self, keys: int, rounds: int, names: Sequence[str]) -> None:
        """The works on very many keys, with one database for each contestant."""
        for name in names:
            if not self._run(name, "publish", "million", keys, _MILLION_VALUE_BYTES, 0, prefix="million: "):
                why = Failed("its first push did not succeed")
                self._failed |= {(f"million: {section}", name): why for section in ("push one", "cold get")}
                continue
            for number in range(rounds):
                for work in ("change_one", "get_cold"):
                    self._run(name, work, "million", keys, _MILLION_VALUE_BYTES, number, prefix="million: ")

    def _run(self, name: str, work: str, place: str, keys: int, value_bytes: int, seed: int, *, prefix: str = "") -> bool:
        print(f"{place}: {name} {work} ...", file=sys.stderr, flush=True)
        pair, endpoint = self._server.rw, self._tap.endpoint_url
        where = Place(pair.access_key_id, pair.secret_access_key, "priv", endpoint, f"{place}/{name}.blt")
        outcome = run(Job(name, work, where, self._folder / place / name, keys, value_bytes, seed), self._tap, self._timeout)
        for section, one in outcome.sections.items():
            self._measured[prefix + section, name].append(one)
        if outcome.failed is not None:
            print(f"  {outcome.failed.why}", file=sys.stderr)
            missing = {"publish": "first push", "change_ten": "push ten", "change_one": "push one", "get_cold": "cold get"}
            self._failed[prefix + missing.get(work, work.replace("_", " ")), name] = outcome.failed
            return False
        self._titles[name] = outcome.title
        return True

    def report(self, keys: int, million: int) -> bool:
        """Print the table; whether every target is met."""
        fine = True
        for row in rows(keys, million):
            found: dict[str, Measured | Failed] = {}
            for name in NAMES:
                at = row.section, name
                if at in self._failed:
                    found[name] = self._failed[at]
                elif at in self._measured:
                    found[name] = median(self._measured[at])
            if found:
                text, met = render(row, found, self._titles)
                fine &= met
                print(f"{text}\n")
        return fine


def main() -> int:
    """Compare, and print the table."""
    parser = argparse.ArgumentParser(description="Compare ebooklet with catalog on one SeaweedFS.")
    parser.add_argument("--keys", type=int, default=100_000, help="keys of the first part; the second has ten times as many")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million-rounds", type=int, default=1, help="rounds of the second part")
    parser.add_argument("--quick", action="store_true", help="10,000 keys, one round")
    parser.add_argument("--skip-million", action="store_true", help="leave the second part out")
    parser.add_argument("--skip-million-ebooklet", action="store_true", help="do the second part with catalog alone")
    parser.add_argument("--timeout", type=float, default=300, help="seconds after which a work is given up")
    options = parser.parse_args()
    keys, rounds = (10_000, 1) if options.quick else (options.keys, options.rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Seaweed(folder / "server", small=False) as server, Tap(server.port) as tap:
            comparison = Comparison(server, tap, folder, options.timeout)
            comparison.play(keys, rounds)
            if not options.skip_million:
                names = ("catalog",) if options.skip_million_ebooklet else NAMES
                comparison.play_million(keys * 10, options.million_rounds, names)
    print(f"Medians of {rounds} rounds ({options.million_rounds} with {keys * 10:,} keys), through the counting proxy.\n")
    return 0 if comparison.report(keys, keys * 10) else 1


if __name__ == "__main__":
    sys.exit(main())
