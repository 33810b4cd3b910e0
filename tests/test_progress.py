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


def test_a_cancel_ends_a_wait_at_once() -> None:
    """Waiting ends when another thread cancels."""
    progress = Progress()
    threading.Timer(0.1, progress.cancel).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        progress.wait(60)

    assert time.monotonic() - started < 10


def test_a_wait_ends_by_itself() -> None:
    """Without a cancel a wait is as long as asked."""
    started = time.monotonic()
    Progress().wait(0.05)

    assert time.monotonic() - started >= 0.05


class _Worker:
    """A thread that makes steps of one byte until it is cancelled."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.stopped_by: Exception | None = None
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> _Worker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.cancel()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        try:
            while True:
                self.progress.advance(1)
        except CancelledError as error:
            self.stopped_by = error

    def wait_for_a_step(self) -> None:
        """Wait until another step was made."""
        done, deadline = self.progress.report.done_bytes, time.monotonic() + 10
        while self.progress.report.done_bytes == done:
            assert time.monotonic() < deadline


def test_a_pause_holds_the_operation_until_it_is_resumed() -> None:
    """A paused operation makes at most the step it was in, reports nothing more, and goes on where it was."""
    progress = Progress()
    progress.begin("uploading", 100)
    with _Worker(progress) as worker:
        worker.wait_for_a_step()
        progress.pause()
        held = threading.Event()
        held.wait(0.05)
        done = progress.report.done_bytes
        held.wait(0.1)

        assert progress.report.done_bytes == done
        assert progress.paused
        progress.resume()
        worker.wait_for_a_step()
        assert progress.report.done_bytes > done


def test_a_cancel_ends_a_paused_operation() -> None:
    """What is paused can be cancelled, and what is cancelled cannot be paused any more."""
    progress = Progress()
    with _Worker(progress) as worker:
        worker.wait_for_a_step()
        progress.pause()
        progress.cancel()
    progress.pause()

    assert isinstance(worker.stopped_by, CancelledError)
    assert not progress.paused
    with pytest.raises(CancelledError):
        progress.check()


def test_a_watcher_may_pause_and_cancel() -> None:
    """Wishes that come out of a report do not wait for that report to end."""
    progress = Progress(lambda _: progress.pause() if not progress.paused else progress.cancel())
    progress.begin("uploading")
    assert progress.paused
    progress.resume()
    progress.advance(1)
    progress.cancel()
    with pytest.raises(CancelledError):
        progress.advance(1)
