"""Progress carries reports out and a cancel in."""

from __future__ import annotations

import threading
import time

import pytest

from catalog.errors import CancelledError
from catalog.progress import Progress, Report


def test_reports_add_up() -> None:
    """Each step is reported with the sum so far, and a new phase begins at zero."""
    seen: list[Report] = []
    progress = Progress(seen.append)
    progress.begin("uploading", 100, 10)
    progress.advance(30, 3)
    progress.advance(done_items=1)
    progress.begin("committing")

    assert seen == [
        Report("uploading", 0, 100, 0, 10),
        Report("uploading", 30, 100, 3, 10),
        Report("uploading", 30, 100, 4, 10),
        Report("committing", 0, 0, 0, 0),
    ]
    assert progress.report == seen[-1]


def test_reports_from_many_threads_are_exact_and_one_at_a_time() -> None:
    """No report is lost, and the watcher is never called twice at once."""
    inside = threading.Lock()
    overlaps: list[bool] = []

    def watch(_: Report) -> None:
        overlaps.append(not inside.acquire(blocking=False))
        inside.release()

    progress = Progress(watch)
    progress.begin("loading")

    def work() -> None:
        for _ in range(500):
            progress.advance(1, 1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (progress.report.done_bytes, progress.report.done_items) == (3000, 3000)
    assert not any(overlaps)


def test_a_cancel_stops_at_the_next_step() -> None:
    """After a cancel every step raises, and the error names the phase."""
    progress = Progress()
    progress.begin("uploading")
    progress.check()
    before = progress.cancelled
    progress.cancel()

    assert (before, progress.cancelled) == (False, True)
    for step in (progress.check, progress.advance, lambda: progress.begin("next"), lambda: progress.wait(60)):
        with pytest.raises(CancelledError, match="Uploading"):
            step()
    assert progress.report.phase == "uploading"


def test_a_cancel_before_the_first_phase_has_words() -> None:
    """A cancel of something that did not begin is said in words too."""
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError, match="The operation"):
        progress.begin("uploading")


def test_a_cancel_ends_a_pause_at_once() -> None:
    """Waiting ends when another thread cancels."""
    progress = Progress()
    threading.Timer(0.1, progress.cancel).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        progress.wait(60)

    assert time.monotonic() - started < 10


def test_a_pause_ends_by_itself() -> None:
    """Without a cancel a pause is as long as asked."""
    started = time.monotonic()
    Progress().wait(0.05)

    assert time.monotonic() - started >= 0.05
