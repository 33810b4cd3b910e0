"""Measure how much memory copying a remote takes that is one pack of 1 GiB: from a folder to a bucket, and back.

    python benchmarks/copy_memory.py [--mib N] [--values N]

Each copy runs in a process of its own; what is counted is that process as a whole, Python and the library included, at its
highest (``VmHWM``, or ``ru_maxrss`` where there is no ``/proc``). A SeaweedFS on this machine is the bucket; it, and what the
system caches of files, are not counted. With ``--values`` the bytes are spread over as many values, each a pack of its own. The
limit is 200 MB; the exit status is 1 when it is missed. Needs about five times the size on the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import catalog
from catalog.testing.seaweed import Seaweed

_LIMIT_MB = 200
_BLOCK = 1 << 20


def peak_mb() -> float:
    """The highest resident size of this process so far, in MB (10⁶ bytes)."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def make(told: dict[str, Any]) -> None:
    """Push a database of random values, each of ``mib`` MiB."""
    block = os.urandom(_BLOCK)
    with catalog.open(told["source"], told["file"], "n") as db:
        for value in range(told["values"]):
            db[f"{value}"] = b"".join(bytes([value % 256, piece % 256]) + block[2:] for piece in range(told["mib"]))
            db.sync()
        db.changes().push()
    Path(told["file"]).unlink()


def copy(told: dict[str, Any]) -> None:
    """Copy a database, and print what it took."""
    began = time.perf_counter()
    with catalog.open(catalog.S3Connection(**told["source"]), told["file"]) as db:
        before = peak_mb()
        result = db.copy_remote(catalog.S3Connection(**told["target"]))
    print(json.dumps([before, peak_mb(), result.total_bytes, result.server_side, time.perf_counter() - began]))


def run(part: str, told: dict[str, Any]) -> str:
    """Do one part in a process of its own."""
    command = [sys.executable, __file__, "--part", part]
    return subprocess.run(command, input=json.dumps(told), stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> int:
    """Start a server and the processes to measure, and judge them."""
    parser = argparse.ArgumentParser(description="Measure the memory of copying a remote.")
    parser.add_argument("--mib", type=int, default=1024, help="MiB in all")
    parser.add_argument("--values", type=int, default=1, help="how many values they are")
    parser.add_argument("--part", choices=("make", "copy"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        {"make": make, "copy": copy}[options.part](json.loads(sys.stdin.read()))
        return 0
    met = True
    with tempfile.TemporaryDirectory() as name, Seaweed(Path(name) / "server") as server:
        keys = {"access_key_id": server.rw.access_key_id, "access_key": server.rw.secret_access_key}
        bucket = {**keys, "db_key": "copy.blt", "bucket": "priv", "endpoint_url": server.endpoint_url}
        folders = [{"db_key": "copy.blt", "endpoint_url": (Path(name) / place).as_uri()} for place in ("one", "two")]
        file = str(Path(name) / "local.blt")
        run("make", {"source": folders[0], "file": file, "mib": options.mib // options.values, "values": options.values})
        for what, source, target in (("folder to bucket", folders[0], bucket), ("bucket to folder", bucket, folders[1])):
            told = {"source": source, "target": target, "file": f"{file} {what}"}
            before, peak, size, server_side, seconds = json.loads(run("copy", told))
            met = met and peak < _LIMIT_MB and not server_side
            print(f"{what}: {size / (1 << 20):,.0f} MiB in {seconds:.1f} s; {before:.0f} MB before, {peak:.0f} MB at the highest")
    print(f"limit: {_LIMIT_MB} MB: {'met' if met else 'NOT MET'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
