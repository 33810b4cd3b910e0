"""Fetching values: few large requests for many values, in parallel, each value verified."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from catalog.errors import CatalogError, GoneError, IntegrityError, ObjectMissingError
from catalog.format.checksum import checksum
from catalog.format.head import StoredHead
from catalog.format.segment import DELETED, Entry
from catalog.format.version import METADATA
from catalog.progress import Progress
from catalog.remote.place import Place
from catalog.store.interface import ByteRange

_GAP = 64 << 10
"""Bytes between two values that are cheaper to fetch than to ask again for."""

_MOST_TOGETHER = 8 << 20
_WINDOW_KEYS = 10_000
_MOST_KEYS_TOGETHER = 100_000


@dataclass(frozen=True, slots=True)
class Span:
    """One request: a piece of a pack, and the values in it. Of no pack are values that a commit holds itself, which need none."""

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
    of_pack: dict[bytes, list[tuple[str, Entry]]] = {}
    for item in wanted:
        of_pack.setdefault(item[1].pack, []).append(item)
    inline = of_pack.pop(DELETED, None)
    spans = [Span(DELETED, 0, 0, inline)] if inline else []
    spans.extend(span for pack, items in of_pack.items() for span in _spans_of(pack, sorted(items, key=_offset)))
    return spans


def _spans_of(pack: bytes, items: Iterable[tuple[str, Entry]]) -> Iterator[Span]:
    """The spans of values of one pack in the order of their offsets."""
    group: list[tuple[str, Entry]] = []
    start = end = total = 0
    for item in items:
        offset, length = item[1].offset, item[1].length
        stop = offset + length
        total += length
        if group and (offset - end > _GAP or total > _MOST_TOGETHER or stop - start > _MOST_TOGETHER):
            yield Span(pack, start, end, group)
            group = []
        if not group:
            start, end, total = offset, offset, length
        group.append(item)
        end = max(end, stop)
    yield Span(pack, start, end, group)


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
    """Fetch values span by span, each verified; what fails is reported and the others go on.

    At most ``threads`` requests and twice as many spans in memory at once.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="fetch") as pool:
        waiting: deque[Future[_Results]] = deque()
        try:
            for spans in _windows(wanted):
                for span in spans:
                    waiting.append(pool.submit(_fetch_span, place, span))
                    while _enough(waiting, threads):
                        yield from _advance(waiting.popleft().result(), progress)
            while waiting:
                yield from _advance(waiting.popleft().result(), progress)
        finally:
            for future in waiting:
                future.cancel()


def _enough(waiting: Sequence[Future[_Results]], threads: int) -> bool:
    """Whether no request need be added now: all threads have one, and there is something to give out; or memory says so."""
    if len(waiting) >= 2 * threads:
        return True
    return waiting[0].done() and sum(not future.done() for future in waiting) >= threads


def fetch_value(place: Place, key: str, entry: Entry) -> bytes:
    """Fetch one value, verified."""
    fetched = _fetch_span(place, plan_spans([(key, entry)])[0])
    if isinstance(fetched[0], Failure):
        raise fetched[0].error
    return fetched[0][0][2]


def read_metadata(place: Place, stored: StoredHead) -> bytes | None:
    """The user's metadata of a commit as JSON, verified, in one request at most; None where there are none."""
    return fetch_value(place, METADATA, stored.metadata) if stored.metadata is not None else None


def _advance(results: _Results, progress: Progress) -> _Results:
    for result in results:
        if isinstance(result, Failure):
            progress.check()
        else:
            progress.advance(sum(entry.length for _, entry, _ in result), len(result))
    return results


def _fetch_span(place: Place, span: Span) -> _Results:
    length = span.end - span.start
    name = place.names.pack(span.pack)
    try:
        body = place.store.get(name, ByteRange(span.start, length), most=length).body if length else b""
    except ObjectMissingError:
        return [Failure((key,), _gone(place.store.where, key)) for key, _ in span.wanted]
    except CatalogError as error:
        return [Failure(tuple(key for key, _ in span.wanted), error)]
    return _cut(body, span, place.store.where)


def _cut(body: bytes, span: Span, where: str) -> _Results:
    """The values of a span, and what is damaged among them."""
    whole: list[tuple[str, Entry, bytes]] = []
    failures: list[Failure] = []
    for key, entry in span.wanted:
        at = entry.offset - span.start
        value = body[at : at + entry.length] if entry.inline is None else entry.inline
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
        hint="Nothing was read. Ask the owner to push this key again, or open an earlier version.",
    )
