"""Measure how much memory a first push of 1 GB takes: the highest resident size of a process that writes and pushes it.

    python benchmarks/memory.py [--keys N] [--value-bytes N]

The process sets a million keys to 1 KB each and pushes them to a SeaweedFS on this machine. What is counted is the process as
a whole, Python and the library included (``ru_maxrss``), at its highest: after setting, and after the push. The server, and what
the system caches of the files, are not counted. The limit is 400 MB after the push; the exit status is 1 when it is missed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from contestants import Place, contestant
from work import Stage

from catalog.testing.seaweed import Seaweed

_LIMIT_MB = 400


def peak_mb() -> float:
    """The highest resident size of this process so far, in MB (10⁶ bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def push_all() -> None:
    """In the process that is measured: do what standard input says, and print the peaks."""
    told = json.loads(sys.stdin.read())
    stage = Stage(contestant("catalog"), Place(**told["place"]), Path(told["folder"]), told["keys"], told["value_bytes"], 0)
    peaks = {"imported": peak_mb()}
    database = stage.open("c")
    for key, value in stage.items():
        database[key] = value
    database.sync()
    peaks["set and synced"] = peak_mb()
    began = time.perf_counter()
    database.changes().push()
    seconds = time.perf_counter() - began
    peaks["pushed"] = peak_mb()
    database.close()
    print(json.dumps({"peaks": peaks, "seconds": seconds}))


def main() -> int:
    """Start a server and the process to measure, and judge it."""
    parser = argparse.ArgumentParser(description="Measure the memory of a first push of 1 GB.")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--value-bytes", type=int, default=1000)
    parser.add_argument("--measured", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measured:
        push_all()
        return 0
    with tempfile.TemporaryDirectory() as name, Seaweed(Path(name) / "server") as server:
        pair = server.rw
        place = Place(pair.access_key_id, pair.secret_access_key, "priv", server.endpoint_url, "memory.blt")
        told = {"place": asdict(place), "folder": name, "keys": options.keys, "value_bytes": options.value_bytes}
        ran = subprocess.run(
            [sys.executable, __file__, "--measured"], input=json.dumps(told), stdout=subprocess.PIPE, text=True, check=True
        )
    said = json.loads(ran.stdout)
    print(f"{options.keys:,} keys × {options.value_bytes:,} bytes, pushed in {said['seconds']:.1f} s. Highest resident size:")
    for moment, peak in said["peaks"].items():
        print(f"  {moment:<16}{peak:>8.0f} MB")
    met = bool(said["peaks"]["pushed"] < _LIMIT_MB)
    print(f"  limit: {_LIMIT_MB} MB: {'met' if met else 'NOT MET'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
