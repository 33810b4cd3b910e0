"""The ways out where a remote parted from what is here: planned, shown, taken; all of it is called in a job's thread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content

from catalog import Catalog, CatalogError, Entry, NewDatabase, Progress, WayOut, keep_database, place_beside
from tui.jobs import Done
from tui.kit.amounts import quantity
from tui.kit.menu import Offer
from tui.kit.plain import key_name, plain
from tui.kit.reader import Lines, paragraphs
from tui.opened import open_for_writing
from tui.trust import Vouching

_MOST_NAMED = 8


@dataclass(frozen=True)
class Ways:
    """How a remote parted, and what each way out would do; keys that would be kept as a new database are counted."""

    problem: str
    on_top: WayOut
    follow: WayOut
    keys: int


def plan_ways_out(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress | None = None) -> Ways:
    """Find out what each way out would do."""
    with open_for_writing(catalog, entry, vouching, progress or Progress()) as database:
        if database.parted is None:
            raise CatalogError(f"{entry.name} is in line with its remote again: there is nothing to settle.")
        return Ways(database.parted.message, database.put_on_top(), database.follow(), len(database))


def offers(ways: Ways) -> list[Offer]:
    """The question: what is to become of it."""
    return [
        Offer("on top", "t", "Put what is here on top", _counts(ways.on_top, "in the remote, for everyone")),
        Offer("follow", "f", "Follow the remote", f"{_counts(ways.follow, 'here')}; what is dropped is kept in a file"),
        Offer("keep", "k", "Keep it as a new database", f"{quantity(ways.keys, 'key')}, beside its group"),
    ]


def _counts(way: WayOut, where: str) -> str:
    parts = [
        f"{quantity(len(keys), 'key')} {what}"
        for keys, what in ((way.added, "added"), (way.changed, "changed"), (way.removed, "removed"))
        if keys
    ]
    return f"{', '.join(parts) or 'nothing changes'} {where}"


def question(ways: Ways, choice: str) -> Lines:
    """What a way out would do, key by key."""
    if choice == "keep":
        return paragraphs(
            Content(f"A new database of {quantity(ways.keys, 'key')} is made beside its group. This one stays as it is.")
        )
    way = ways.on_top if choice == "on top" else ways.follow
    named = [
        f"{mark} {plain(key_name(key))}"
        for mark, keys in (("+", way.added), ("~", way.changed), ("-", way.removed))
        for key in keys
    ]
    lost = [f"? {plain(key_name(key))}: its value is nowhere any more" for key in way.missing]
    return paragraphs(Content("\n".join([plain(ways.problem), "", *_some([*named, *lost])])))


def _some(lines: Iterable[str]) -> list[str]:
    listed = list(lines)
    more = len(listed) - _MOST_NAMED
    return [*listed[:_MOST_NAMED], *([f"… and {quantity(more, 'more key')}"] if more > 0 else [])]


def take_way_out(catalog: Catalog, entry: Entry, vouching: Vouching, choice: str, progress: Progress) -> Done:
    """Take a way out."""
    with open_for_writing(catalog, entry, vouching, progress) as database:
        if choice == "on top":
            made = database.put_on_top(dry_run=False, progress=progress).commit
            return Done(f"What was here is {f'commit {made.number}' if made else 'in the remote'} of {entry.name}.")
        if choice == "follow":
            aside = database.follow(dry_run=False, progress=progress).aside
            return Done(f"{entry.name} follows its remote again.", f"What was dropped is in {aside}." if aside else "")
        group = catalog.group(vouching["origin"])
        name = f"{entry.name}-kept"
        place = place_beside(group, name)
        if place is None:
            raise CatalogError("There is no place beside its group.", hint="Use keep_as() of the library.")
        keep_database(catalog, NewDatabase(group.name, name, place, database.serializer), database, progress)
    return Done(f"Kept what is here as {name}.", "The other one can follow its remote now.")
