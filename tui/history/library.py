"""Earlier versions of a database: its history page by page, what changed between two commits, and what going back would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from catalog import Catalog, CatalogError, Change, Commit, Database, Direction, Entry, Kind, PreconditionFailedError, Progress
from tui.jobs import Done
from tui.kit.amounts import quantity
from tui.opened import MOST_CHANGES, Opened, open_for_writing
from tui.trust import Vouching

PAGE = 50
_NAMED = 200
"""How many changed keys a plan keeps by name."""
Verb = Literal["undo", "revert"]


@dataclass(frozen=True)
class Page:
    """Commits, newest first; ``is_last`` when there are no older ones. ``tags`` are all there are, by commit number."""

    commits: tuple[Commit, ...]
    is_last: bool
    tags: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True)
class Compared:
    """What led to a commit from another, or from nothing; only the first changes when it ``has_more``."""

    changes: tuple[Change, ...] = ()
    has_more: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Rewind:
    """What going back to a commit would do: how many keys of which kind, the first by name, and edits of one's own that it meets.

    ``taken_back`` is the commit that an undo takes back.
    """

    verb: Verb
    newest: Commit
    to: Commit
    taken_back: Commit
    kinds: Mapping[Kind, int]
    first: tuple[Change, ...]
    met: int

    @property
    def keys(self) -> int:
        """How many keys change."""
        return sum(self.kinds.values())


def read_history(opened: Opened, before: Commit | None) -> Page:
    """Read a page of the history; after its end come the tagged commits that are older than what is kept."""
    database = opened.database
    commits = list(database.history(PAGE, before=before))
    names: dict[int, tuple[str, ...]] = {}
    numbers = database.tags()
    for name, number in sorted(numbers.items()):
        names[number] = (*names.get(number, ()), name)
    is_last = len(commits) < PAGE
    if is_last and names:
        oldest = commits[-1].number if commits else before.number if before else 0
        older = sorted((number for number in names if number < oldest), reverse=True)
        commits += [database.commit_at(names[number][0]) for number in older]
    return Page(tuple(commits), is_last, names)


def compare_versions(opened: Opened, older: Commit | None, newer: Commit) -> Compared:
    """Find out what led from one commit to another, or from nothing."""
    found = list(islice(opened.database.diff(older, newer), MOST_CHANGES + 1))
    return Compared(tuple(found[:MOST_CHANGES]), len(found) > MOST_CHANGES)


def read_commit(opened: Opened, commit: Commit) -> Compared:
    """Find out what a commit changed."""
    if commit.parent is None:
        return compare_versions(opened, None, commit)
    older = next(opened.database.history(1, before=commit), None)
    if older is None:
        problem = "What came before this commit is not kept any more, so nobody knows what it changed."
        return Compared(problem=problem)
    return compare_versions(opened, older, commit)


def open_version(catalog: Catalog, opened: Opened, vouching: Vouching, commit: Commit) -> Opened:
    """Open a database as it was at a commit, for reading."""
    database = catalog.open(opened.entry, "r", pull=False, version=commit, **vouching)
    return Opened(opened.entry, database, len(database), commit)


def plan_rewind(opened: Opened, to: Commit | None) -> Rewind | None:
    """Find out what going back to a commit would do; without one, what an undo would.

    None when there is no state before the last change.
    """
    database = opened.database
    newest = next(database.history(1))
    goal = to or database.before_last_change()
    if goal is None:
        return None
    taken_back = newest if to or newest.number == goal.number + 1 else database.commit_at(goal.number + 1)
    mine = {change.key for change in database.changes().all() if change.direction is not Direction.INCOMING}
    kinds: Counter[Kind] = Counter()
    first: list[Change] = []
    met = 0
    for change in database.diff(newest, goal):
        kinds[change.kind] += 1
        met += change.key in mine
        if len(first) < _NAMED:
            first.append(change)
    verb: Verb = "revert" if to else "undo"
    return Rewind(verb, newest, goal, taken_back, kinds, tuple(first), met)


def rewind(catalog: Catalog, entry: Entry, vouching: Vouching, plan: Rewind, progress: Progress) -> Done:
    """Go back as planned, unless someone has committed since."""
    words = "Undo: back to" if plan.verb == "undo" else "Revert to"
    with _open(catalog, entry, vouching, progress) as database:
        try:
            made = database.revert(plan.to, message=f"{words} commit {plan.to.number}", over=plan.newest, progress=progress)
        except PreconditionFailedError:
            raise CatalogError(
                f"Someone has committed to {entry.name} since you were asked. Nothing was done.",
                hint="Look at what is new in the history, then decide again.",
            ) from None
        conflicts = len(database.changes().conflicts())
    told = f"{entry.name} is as in commit {plan.to.number} again, by commit {made.number}."
    return Done(told, f"{quantity(conflicts, 'unpushed change')} met it: see the changes." if conflicts else "")


def tag(
    catalog: Catalog, entry: Entry, vouching: Vouching, commit: Commit, name: str, newest: Commit | None, progress: Progress
) -> Done:
    """Give a commit a name, on top of the newest commit that was shown."""
    with _open(catalog, entry, vouching, progress) as database:
        database.tag(name, commit, over=newest, progress=progress)
    return Done(f"Commit {commit.number} of {entry.name} is called {name} now.", "It opens by that name and is kept.")


def untag(catalog: Catalog, entry: Entry, vouching: Vouching, name: str, newest: Commit | None, progress: Progress) -> Done:
    """Take a name from its commit, on top of the newest commit that was shown."""
    with _open(catalog, entry, vouching, progress) as database:
        database.untag(name, over=newest, progress=progress)
    return Done(f"Removed the tag {name} of {entry.name}.", "Its version stays until garbage is collected.")


def _open(catalog: Catalog, entry: Entry, vouching: Vouching, progress: Progress) -> Database:
    progress.begin("opening")
    database = open_for_writing(catalog, entry, vouching, progress)
    try:
        progress.begin("committing")
    except CatalogError:
        database.close()
        raise
    return database


def name_problem(name: str, taken: Mapping[int, tuple[str, ...]]) -> str:
    """Why a tag cannot have a name, or nothing."""
    if not name:
        return "A tag needs a name."
    if name.isdecimal():
        return "A number names a commit already: add a word."
    if len(name) > 100 or not name.isprintable():
        return "A name has at most 100 characters, all printable."
    number = next((number for number, names in taken.items() if name in names), None)
    return f"Commit {number} has this tag already: remove it there first." if number is not None else ""
