"""Running jobs behind the counting tap, and what was measured."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from contestants import Place

from catalog.testing.tap import Tap


@dataclass(frozen=True, slots=True)
class Measured:
    """One timed section. Bytes are those on the wire, heads of requests and answers included."""

    seconds: float
    cpu_seconds: float
    requests: int
    bytes_up: int
    bytes_down: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A work that came to no end, and why."""

    why: str


def median(measurements: Sequence[Measured]) -> Measured:
    """The median of each column."""
    return Measured(
        statistics.median(one.seconds for one in measurements),
        statistics.median(one.cpu_seconds for one in measurements),
        int(statistics.median(one.requests for one in measurements)),
        int(statistics.median(one.bytes_up for one in measurements)),
        int(statistics.median(one.bytes_down for one in measurements)),
    )


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is to do; see `work`."""

    contestant: str
    work: str
    place: Place
    folder: Path
    keys: int
    value_bytes: int
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The sections that ended, the contestant's name with its version, and why the job failed, if it did."""

    sections: dict[str, Measured]
    title: str
    failed: Failed | None


def run(job: Job, tap: Tap, timeout: float) -> Outcome:
    """Run a job in a fresh process, which is killed after ``timeout`` seconds."""
    job.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("job.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        alarm = threading.Timer(timeout, give_up)
        alarm.start()
        try:
            sections, title = _follow(process, job, tap)
        finally:
            alarm.cancel()
            process.kill()
            process.wait()
        if title:
            return Outcome(sections, title, None)
        errors.seek(0)
        last_words = (errors.read().strip().splitlines() or ["no word"])[-1]
    why = f"no end after {timeout:.0f} s" if late.is_set() else f"failed: {last_words}"
    return Outcome(sections, job.contestant, Failed(why))


def _follow(process: subprocess.Popen[str], job: Job, tap: Tap) -> tuple[dict[str, Measured], str]:
    """Tell a job to go on at each of its stops; the sections it measured, and its title if it came to its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    sections: dict[str, Measured] = {}
    process.stdin.write(json.dumps({**asdict(job), "folder": str(job.folder)}) + "\n")
    process.stdin.flush()
    for line in process.stdout:
        said = json.loads(line)
        if "title" in said:
            return sections, said["title"]
        if "begins" in said:
            tap.reset()
        else:
            counts = tap.counts()
            sections[said["ends"]] = Measured(
                said["seconds"], said["cpu_seconds"], counts.total_requests, counts.bytes_up, counts.bytes_down
            )
        try:
            process.stdin.write("\n")
            process.stdin.flush()
        except BrokenPipeError:
            break
    return sections, ""
