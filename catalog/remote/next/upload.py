"""Uploading: immutable objects in parallel, with bounded memory; the first failure stops the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from catalog.progress import Progress
from catalog.store.interface import ObjectStore, Source

STREAM_ABOVE = 64 << 20
"""Objects of more bytes go up in parts, read from disk."""

_MOST_WAITING_BYTES = 64 << 20


class Uploads:
    """A set of uploads under way. Leaving its context waits for all of them, or gives them up after an error."""

    def __init__(self, store: ObjectStore, threads: int, progress: Progress) -> None:
        self._store, self._progress = store, progress
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="upload")
        self._waiting: set[Future[None]] = set()
        self._room = threading.Condition()
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self.finish()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def put(self, name: str, body: Callable[[], bytes | bytearray], size: int, done: Callable[[], None] | None = None) -> None:
        """Upload an object of about ``size`` bytes that ``body`` makes when its turn comes; waits while too much is under way."""

        def act() -> None:
            self._store.put(name, body())
            self._progress.advance(size, 0)
            if done is not None:
                done()

        self._submit(act, size)

    def put_large(self, name: str, source: Source, done: Callable[[], None] | None = None) -> None:
        """Upload a large object in parts."""

        def act() -> None:
            self._store.put_large(name, source, advance=lambda count: self._progress.advance(count, 0))
            if done is not None:
                done()

        self._submit(act, 0)

    def finish(self) -> None:
        """Wait until everything is up; raises the first error met."""
        while self._waiting:
            self._collect(*wait(self._waiting, return_when=FIRST_COMPLETED))

    def _submit(self, act: Callable[[], None], size: int) -> None:
        while self._waiting and self._bytes + size > _MOST_WAITING_BYTES:
            self._collect(*wait(self._waiting, return_when=FIRST_COMPLETED))
        self._progress.check()
        with self._room:
            self._bytes += size

        def counted() -> None:
            try:
                act()
            finally:
                with self._room:
                    self._bytes -= size

        self._waiting.add(self._pool.submit(counted))
        if len(self._waiting) > 64:
            self._collect(*wait(self._waiting, return_when=FIRST_COMPLETED))

    def _collect(self, done: set[Future[None]], waiting: set[Future[None]]) -> None:
        self._waiting = waiting
        for future in done:
            future.result()
