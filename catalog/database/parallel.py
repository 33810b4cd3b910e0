"""Applying a function to many values in parallel, in processes of this machine or on an executor of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

Item = tuple[str, Any]
Function = Callable[[str, Any], Item | None]

_MOST_ITEMS = 64
_AHEAD = 4
"""Batches given to the executor for each worker, so that none waits and memory stays bounded."""

_DEFAULT_WORKERS = 4


def apply_to_batch(function: Function, batch: list[Item]) -> list[Item]:
    """Call ``function`` on each key and value of a batch, in a worker; what it gave, but for None."""
    results = (function(key, value) for key, value in batch)
    return [result for result in results if result is not None]


def apply(function: Function, items: Iterable[Item], executor: Executor | None, n_workers: int | None) -> Iterator[Item]:
    """The results of ``function`` over ``items`` as they are finished, in no order.

    Workers get the function, keys and values, and nothing else. An error of the function is raised here, after what was
    finished before it.
    """
    chosen: AbstractContextManager[Executor] = nullcontext(executor) if executor is not None else _processes(n_workers)
    stream = iter(items)
    with chosen as pool:
        most = (n_workers or _workers_of(pool)) * _AHEAD
        waiting: set[Future[list[Item]]] = set()
        try:
            while batch := list(islice(stream, _MOST_ITEMS)):
                waiting.add(pool.submit(apply_to_batch, function, batch))
                while len(waiting) >= most:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from _results(done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from _results(done)
        finally:
            for future in waiting:
                future.cancel()


def _processes(n_workers: int | None) -> Executor:
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - slow to import, and needed only here
    from multiprocessing import get_context  # noqa: PLC0415

    return ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"))


def _results(done: Iterable[Future[list[Item]]]) -> Iterator[Item]:
    finished = list(done)
    failed = [future for future in finished if future.exception() is not None]
    for future in finished:
        if future not in failed:
            yield from future.result()
    for future in failed:
        future.result()


def _workers_of(pool: Executor) -> int:
    found = getattr(pool, "_max_workers", None)
    return found if isinstance(found, int) else _DEFAULT_WORKERS
