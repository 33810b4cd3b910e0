"""Fetching values: few large requests for many values, in parallel, each value verified."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from catalog.errors import CatalogError, GoneError, IntegrityError, ObjectMissingError
from catalog.format.checksum import checksum
from catalog.format.head import StoredHead
from catalog.format.segment import Entry
from catalog.format.version import METADATA
from catalog.progress import Progress
from catalog.remote.place import Place
from catalog.store.interface import ByteRange

T = TypeVar("T")

_GAP = 64 << 10
"""Bytes between two values that are cheaper to fetch than to ask again for."""

_MOST_TOGETHER = 8 << 20
_WINDOW_KEYS = 10_000
_MOST_KEYS_TOGETHER = 100_000


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
Results = Sequence[Fetched | Failure]


def plan_spans(wanted: Iterable[tuple[str, Entry]]) -> list[Span]:
    """Join values that lie close together into requests of at most 8 MiB, which give values of at most 8 MiB together."""
    of_pack: dict[bytes, list[tuple[str, Entry]]] = {}
    for item in wanted:
        of_pack.setdefault(item[1].pack, []).append(item)
    return [span for pack, items in of_pack.items() for span in _spans_of(pack, sorted(items, key=_offset))]


def _spans_of(pack: bytes, items: Iterable[tuple[str, Entry]]) -> Iterator[Span]:
    """The spans of values of one pack in the order of their offsets."""
    placed = ((item[1].offset, item[1].offset + item[1].length, item) for item in items)
    return (Span(pack, start, end, wanted) for start, end, wanted in join_spans(placed))


def join_spans(items: Iterable[tuple[int, int, T]]) -> Iterator[tuple[int, int, Sequence[T]]]:
    """Join pieces (start, end, whatever) that lie close together, in their order, as `plan_spans` says."""
    group: list[T] = []
    start = end = total = 0
    for offset, stop, item in items:
        length = stop - offset
        total += length
        if group and (offset - end > _GAP or total > _MOST_TOGETHER or stop - start > _MOST_TOGETHER):
            yield start, end, group
            group = []
        if not group:
            start, end, total = offset, offset, length
        group.append(item)
        end = max(end, stop)
    if group:
        yield start, end, group


def _windows(wanted: Iterable[tuple[str, Entry]]) -> Iterator[Sequence[Span]]:
    """Spans of some thousand keys at a time; the last one of each time may go on in the next."""
    stream = iter(wanted)
    rest: Sequence[tuple[str, Entry]] = ()
    while window := list(islice(stream, _WINDOW_KEYS)):
        spans = plan_spans([*rest, *window])
        rest = spans.pop().wanted if len(spans[-1].wanted) < _MOST_KEYS_TOGETHER else ()
        yield spans
    yield plan_spans(rest)


def _offset(item: tuple[str, Entry]) -> int:
    return item[1].offset


def fetch_values(
    place: Place, wanted: Iterable[tuple[str, Entry]], threads: int, progress: Progress
) -> Iterator[Fetched | Failure]:
    """Fetch values span by span, each verified; what fails is reported, the others go on. Those that a head holds come last."""
    at_hand: list[tuple[str, Entry, bytes]] = []
    windows = _windows(_stored(wanted, at_hand))
    yield from fetch_in_parallel(windows, lambda span: _fetch_span(place, span), threads, progress)
    if at_hand:
        yield from _advance([at_hand], progress)


def fetch_in_parallel(
    windows: Iterable[Sequence[T]], fetch: Callable[[T], Results], threads: int, progress: Progress
) -> Iterator[Fetched | Failure]:
    """Fetch what is asked for, some at a time, in its order; ``fetch`` sends one request and raises nothing.

    At most ``threads`` requests and twice as many answers in memory at once.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="fetch") as pool:
        waiting: deque[Future[Results]] = deque()
        try:
            for window in windows:
                for asked in window:
                    waiting.append(pool.submit(fetch, asked))
                    while _enough(waiting, threads):
                        yield from _advance(waiting.popleft().result(), progress)
            while waiting:
                yield from _advance(waiting.popleft().result(), progress)
        finally:
            for future in waiting:
                future.cancel()


def _stored(wanted: Iterable[tuple[str, Entry]], at_hand: list[tuple[str, Entry, bytes]]) -> Iterator[tuple[str, Entry]]:
    """What lies in packs; what does not is put aside."""
    for key, entry in wanted:
        if entry.inline is None:
            yield key, entry
        else:
            at_hand.append((key, entry, entry.inline))


def _enough(waiting: Sequence[Future[Results]], threads: int) -> bool:
    """Whether no request need be added now: all threads have one, and there is something to give out; or memory says so."""
    if len(waiting) >= 2 * threads:
        return True
    return waiting[0].done() and sum(not future.done() for future in waiting) >= threads


def fetch_value(place: Place, key: str, entry: Entry) -> bytes:
    """Fetch one value, verified."""
    if entry.inline is not None:
        return entry.inline
    fetched = _fetch_span(place, Span(entry.pack, entry.offset, entry.offset + entry.length, [(key, entry)]))
    if isinstance(fetched[0], Failure):
        raise fetched[0].error
    return fetched[0][0][2]


def read_metadata(place: Place, stored: StoredHead) -> bytes | None:
    """The user's metadata of a commit as JSON, verified, in one request at most; None where there are none."""
    return fetch_value(place, METADATA, stored.metadata) if stored.metadata is not None else None


def _advance(results: Results, progress: Progress) -> Results:
    for result in results:
        if isinstance(result, Failure):
            progress.check()
        else:
            progress.advance(sum(entry.length for _, entry, _ in result), len(result))
    return results


def _fetch_span(place: Place, span: Span, *, again: bool = True) -> Results:
    length = span.end - span.start
    name = place.names.pack(span.pack)
    try:
        body = place.store.get(name, ByteRange(span.start, length), most=length).body if length else b""
    except ObjectMissingError:
        return [Failure((key,), _gone(place.store.where, key)) for key, _ in span.wanted]
    except CatalogError as error:
        return [Failure(tuple(key for key, _ in span.wanted), error)]
    found = _cut(body, span, place.store.where)
    if again and any(isinstance(one, Failure) for one in found):
        # A line flips bits more often than a disk.
        return _fetch_span(place, span, again=False)
    return found


def _cut(body: bytes, span: Span, where: str) -> Results:
    """The values of a span, and what is damaged among them."""
    whole: list[tuple[str, Entry, bytes]] = []
    failures: list[Failure] = []
    for key, entry in span.wanted:
        at = entry.offset - span.start
        value = body[at : at + entry.length]
        if len(value) == entry.length and checksum(value) == entry.checksum:
            whole.append((key, entry, value))
        else:
            failures.append(Failure((key,), _damaged(where, key)))
    return [whole, *failures] if whole else failures


def _gone(where: str, key: str) -> GoneError:
    return GoneError(
        f"{where}: the pack that holds {key!r} is gone.",
        key=key,
        hint="If this is an old state, garbage collection removed it: pull. Otherwise run 'catalog doctor'.",
    )


def _damaged(where: str, key: str) -> IntegrityError:
    return IntegrityError(
        f"{where}: the value of {key!r} is damaged: its bytes do not match their checksum.",
        key=key,
        hint="Nothing was read. Its owner can set it again, with set(…, touch=True), and push; or open an earlier version.",
    )
