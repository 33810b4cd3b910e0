"""The log of what servers were asked."""

from __future__ import annotations

import threading

from catalog import Request
from tui.session.request_log import RequestLog, Totals


def _asked(outcome: str = "ok", up: int = 0, down: int = 0) -> Request:
    return Request("GET", "here", "rain", outcome, up, down, 0.5)


def test_everything_is_counted_and_the_newest_kept() -> None:
    """Sums hold for the whole session; only so many requests are kept."""
    log = RequestLog()
    for number in range(2_500):
        log.note(_asked(up=1, down=number))

    assert log.totals == Totals(2_500, 0, 2_500, sum(range(2_500)), 1_250.0)
    assert len(log.kept) == 2_000
    assert log.kept[-1].asked.bytes_down == 2_499


def test_only_what_went_wrong_is_a_failure() -> None:
    """That something is unchanged or not there is an answer like any other."""
    log = RequestLog()
    for outcome in ("ok", "unchanged", "missing", "denied", "no answer", "damaged"):
        log.note(_asked(outcome))

    assert log.totals.failures == 3


def test_many_threads_may_note_at_once() -> None:
    """No request is lost."""
    log = RequestLog()

    def note_many() -> None:
        for _ in range(200):
            log.note(_asked(up=1))

    threads = [threading.Thread(target=note_many) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert log.totals.requests == log.totals.bytes_up == 1_200
