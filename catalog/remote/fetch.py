"""Fetching values: few large requests for many values, in parallel, each value verified."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from catalog.checksum import checksum
from catalog.errors import CatalogError, IntegrityError, ObjectMissingError
from catalog.objectstore.interface import ByteRange, ObjectStore
from catalog.progress import Progress

from .index_segment import Entry
from .object_names import ObjectNames

_GAP = 64 << 10
"""Bytes between two values that are cheaper to fetch than to ask again for."""

_MOST_TOGETHER = 8 << 20
_WINDOW_KEYS = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """One request: a piece of a pack, and the values in it."""

    pack: bytes
    start: int
    end: int
    wanted: Sequence[tuple[str, Entry]]


@dataclass(frozen=True, slots=True)
class Failure:
    """Values that could not be fetched, and why."""

    keys: tuple[str, ...]
    error: CatalogError


Fetched = Sequence[tuple[str, Entry, bytes]]
_Results = Sequence[Fetched | Failure]


def plan_spans(wanted: Iterable[tuple[str, Entry]]) -> list[Span]:
    """Join values that lie close together into requests of at most 8 MiB, which give values of at most 8 MiB together."""
    spans: list[Span] = []
    group: list[tuple[str, Entry]] = []
    start = end = total = 0
    pack = b""
    for key, entry in sorted(wanted, key=lambda item: (item[1].pack, item[1].offset)):
        stop = entry.offset + entry.length
        total += entry.length
        if group and (entry.pack != pack or entry.offset - end > _GAP or max(stop - start, total) > _MOST_TOGETHER):
            spans.append(Span(pack, start, end, group))
            group = []
        if not group:
            pack, start, end, total = entry.pack, entry.offset, entry.offset, entry.length
        group.append((key, entry))
        end = max(end, stop)
    if group:
        spans.append(Span(pack, start, end, group))
    return spans


def fetch_values(
    store: ObjectStore, names: ObjectNames, wanted: Iterable[tuple[str, Entry]], threads: int, progress: Progress
) -> Iterator[Fetched | Failure]:
    """Fetch values span by span, each verified; what fails is reported and the others go on.

    At most ``threads`` requests and twice as many spans in memory at once.
    """
    stream = iter(wanted)
    with ThreadPoolExecutor(threads, thread_name_prefix="fetch") as pool:
        waiting: deque[Future[_Results]] = deque()
        try:
            while window := list(islice(stream, _WINDOW_KEYS)):
                for span in plan_spans(window):
                    waiting.append(pool.submit(_fetch_span, store, names, span))
                    while len(waiting) >= 2 * threads:
                        yield from _advance(waiting.popleft().result(), progress)
            while waiting:
                yield from _advance(waiting.popleft().result(), progress)
        finally:
            for future in waiting:
                future.cancel()


def fetch_value(store: ObjectStore, names: ObjectNames, key: str, entry: Entry) -> bytes:
    """Fetch one value, verified."""
    fetched = _fetch_span(store, names, Span(entry.pack, entry.offset, entry.offset + entry.length, [(key, entry)]))
    if isinstance(fetched[0], Failure):
        raise fetched[0].error
    return fetched[0][0][2]


def _advance(results: _Results, progress: Progress) -> _Results:
    for result in results:
        if isinstance(result, Failure):
            progress.check()
        else:
            progress.advance(sum(entry.length for _, entry, _ in result), len(result))
    return results


def _fetch_span(store: ObjectStore, names: ObjectNames, span: Span) -> _Results:
    length = span.end - span.start
    name = names.pack(span.pack)
    try:
        body = store.get(name, ByteRange(span.start, length), most=length).body if length else b""
    except ObjectMissingError:
        return [Failure((key,), _gone(store.where, key)) for key, _ in span.wanted]
    except CatalogError as error:
        return [Failure(tuple(key for key, _ in span.wanted), error)]
    return _cut(body, span, store.where)


def _cut(body: bytes, span: Span, where: str) -> _Results:
    """The values of a span, and what is damaged among them."""
    whole: list[tuple[str, Entry, bytes]] = []
    failures: list[Failure] = []
    for key, entry in span.wanted:
        value = body[entry.offset - span.start : entry.offset - span.start + entry.length]
        if len(value) == entry.length and checksum(value) == entry.checksum:
            whole.append((key, entry, value))
        else:
            failures.append(Failure((key,), _damaged(where, key)))
    return [whole, *failures] if whole else failures


def _gone(where: str, key: str) -> IntegrityError:
    return IntegrityError(
        f"{where}: the pack that holds {key!r} is gone.",
        key=key,
        hint="If this is an old state, garbage collection removed it: pull. Otherwise run 'catalog doctor'.",
    )


def _damaged(where: str, key: str) -> IntegrityError:
    return IntegrityError(
        f"{where}: the value of {key!r} is damaged: its bytes do not match their checksum.",
        key=key,
        hint="Nothing was read. Ask the owner to push this key again, or open an earlier version.",
    )
