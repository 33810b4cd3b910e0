"""Integrity: whether everything that the newest commit of a database names is there and is what it should be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from catalog.ebooklet_format.names import EbookletNames
from catalog.errors import AccessDeniedError, CatalogError, GoneError, IntegrityError, ObjectMissingError
from catalog.format.head import StoredHead
from catalog.format.segment import Segment
from catalog.format.table import SegmentRef
from catalog.progress import Progress
from catalog.remote.commit import EbookletFoundError, read_commit, read_head
from catalog.remote.ebooklet_values import object_of
from catalog.remote.fetch import Failure
from catalog.remote.objects import hidden_objects, list_objects
from catalog.remote.place import Place
from catalog.remote.reach import held_entries
from catalog.remote.remote import Remote
from catalog.remote.segment_reader import NoCache
from catalog.remote.verify import verify_object


@dataclass(frozen=True, slots=True)
class Damage:
    """One part of a database: what was looked at, and what is wrong with it, in words."""

    part: str
    seen: str
    problems: Sequence[str] = ()
    trouble: str = "damaged"
    meaning: str = "What is damaged is never returned as data; the rest can be read."
    advice: str = "Push the affected keys again from a working copy that has them, or open an earlier version."


def check_database(place: Place, threads: int, progress: Progress, *, deep: bool) -> list[Damage] | None:
    """Look over the newest commit: its head, its index and the directories of its packs; None where there is no database.

    ``deep`` fetches every value and verifies it against the index, which is all that a reader would see. Only reads. Raises
    what reading the head raises.
    """
    try:
        newest = read_head(place)
    except EbookletFoundError as found:
        return check_ebooklet(place, found, threads, progress, deep=deep)
    if newest is None:
        return None
    remote = Remote(place, NoCache(), threads)
    parts = [_check_head(place, newest), _check_log(remote, newest)]
    index, packs = _check_index(remote, newest, progress)
    parts.extend((index, _check_packs(place, sorted(packs.items()), threads, progress)))
    if place.store.powers.lists:
        parts.extend(_check_listing(remote, newest, packs))
    if deep:
        parts.append(_check_values(remote, newest, progress))
    return parts


class _InMemory:
    """Segments of a translated index, while they are looked over."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def get_segment(self, segment_id: str) -> bytes | None:
        """The body of a segment, or None."""
        return self._bodies.get(segment_id)

    def put_segment(self, segment_id: str, body: bytes) -> None:
        """Keep the body of a segment."""
        self._bodies[segment_id] = body


def check_ebooklet(place: Place, found: EbookletFoundError, threads: int, progress: Progress, *, deep: bool) -> list[Damage]:
    """Look over what ebooklet wrote: its index, and whether the objects are there that hold the values; only reads.

    There are no checksums: ``deep`` fetches every value, and compares what ebooklet wrote before it.
    """
    progress.begin("checking the index")
    remote = Remote(place, _InMemory(), threads)
    newest = remote.translated(found)
    parts = [
        Damage("head", f"written by ebooklet, {newest.head.keys:,} keys; it keeps no checksums"),
        _check_objects(remote, newest, threads, progress),
    ]
    if deep:
        parts.append(_check_values(remote, newest, progress))
    return parts


def _check_objects(remote: Remote, newest: StoredHead, threads: int, progress: Progress) -> Damage:
    """Whether the objects that hold values are there."""
    names = EbookletNames(remote.names.db_key)
    items = remote.snapshot(newest).items()
    wanted: dict[str, None] = dict.fromkeys(object_of(names, key, entry.pack) for key, entry in items)
    progress.begin("checking objects", total_items=len(wanted))
    if remote.store.powers.lists:
        there = {found.name for found in remote.store.list(names.folder)}
        missing = [name for name in wanted if name not in there]
    else:
        with ThreadPoolExecutor(threads, thread_name_prefix="doctor") as pool:
            problems = pool.map(lambda name: _problem(lambda: remote.store.head(name)), wanted)
            missing = [name for name, problem in zip(wanted, problems, strict=True) if problem]
    return Damage("objects", f"{len(wanted):,} objects with values", [f"{name} is gone" for name in missing])


def _check_head(place: Place, newest: StoredHead) -> Damage:
    seen = f"commit {newest.head.number} by {newest.head.author}, {newest.head.keys:,} keys"
    problem = _problem(lambda: read_commit(place, newest.head.number, newest.commit_id))
    return Damage("head", seen, [problem] if problem else [])


def _check_index(remote: Remote, newest: StoredHead, progress: Progress) -> tuple[Damage, dict[bytes, int]]:
    snapshot, packs = remote.snapshot(newest), dict[bytes, int]()
    refs: list[SegmentRef] = []
    problem = _problem(lambda: refs.extend(snapshot.all_refs()))
    problems = [problem] if problem else []
    progress.begin("checking the index", total_items=len(refs))
    for ref in refs:

        def read(ref: SegmentRef = ref) -> None:
            segment = remote.load_segment(ref)
            if isinstance(segment, Segment):
                packs.update(zip(segment.packs, segment.pack_sizes, strict=True))

        if problem := _problem(read):
            problems.append(problem)
        progress.advance(0, 1)
    for entry in held_entries(newest):
        if entry.inline is None and not entry.deleted:
            packs[entry.pack] = entry.pack_size
    return Damage("index", f"{len(refs):,} segments", problems), packs


def _check_listing(remote: Remote, newest: StoredHead, packs: Collection[bytes]) -> Iterator[Damage]:
    """Whether the store lists what the commit names; nothing is said where these keys may not list."""
    place, names = remote.place, remote.names
    needed = {names.commit(newest.head.number, newest.commit_id), *map(names.pack, packs)}
    needed.update(names.table(run.table) for run in newest.head.runs if run.table is not None)
    needed.update(names.bundle(bundle.last, bundle.id) for bundle in newest.head.bundles)
    with suppress(CatalogError):
        needed.update(names.index_file(ref.file) for ref in remote.snapshot(newest).all_refs())
    try:
        listed = {found.name for found in list_objects(place)}
    except AccessDeniedError:
        return
    hidden: list[str] = []
    with suppress(GoneError):  # the part that it belongs to says so
        hidden = hidden_objects(place, listed, needed)
    yield Damage(
        "listing",
        f"{len(listed):,} objects are listed",
        [f"{name!r} is there and not listed" for name in hidden],
        "hidden by the store",
        "Everything can be read and pushed. Garbage is not collected and nothing is forgotten, as what is hidden would stay.",
        "Ask whoever runs the store why it does not list what is there.",
    )


def _check_log(remote: Remote, newest: StoredHead) -> Damage:
    count = 0

    def read() -> None:
        nonlocal count
        count = sum(1 for _ in remote.history(newest))
        remote.tags(newest)

    problem = _problem(read)
    return Damage("log", f"{count:,} commits", [problem] if problem else [])


def _check_packs(place: Place, packs: Sequence[tuple[bytes, int]], threads: int, progress: Progress) -> Damage:
    progress.begin("checking packs", total_items=len(packs))

    def check(pack: tuple[bytes, int]) -> str | None:
        progress.advance(0, 1)
        name = place.names.pack(pack[0])
        return _problem(lambda: verify_object(place, name[len(place.names.folder) :], pack[1], values=False))

    with ThreadPoolExecutor(threads, thread_name_prefix="doctor") as pool:
        found = list(pool.map(check, packs))
    return Damage("packs", f"the directories of {len(packs):,} packs", [problem for problem in found if problem])


def _check_values(remote: Remote, newest: StoredHead, progress: Progress) -> Damage:
    problems: list[str] = []
    keys = 0
    progress.begin("checking values", newest.head.value_bytes, newest.head.keys)
    try:
        for result in remote.values(remote.snapshot(newest).items(), progress):
            if isinstance(result, Failure):
                problems.extend(f"{key!a}: {result.error.message}" for key in result.keys)
                keys += len(result.keys)
            else:
                keys += len(result)
    except IntegrityError as error:
        problems.append(error.message)
    else:
        if keys != newest.head.keys:
            problems.append(f"there are {keys:,} keys where the head says {newest.head.keys:,}")
    return Damage("values", f"every byte of {keys:,} values", problems)


def _problem(act: Callable[[], object]) -> str | None:
    """What is wrong, in words; what is no damage, such as a lost network, is raised."""
    try:
        act()
    except (IntegrityError, ObjectMissingError) as error:
        return error.message
    except CatalogError:
        raise
    return None
