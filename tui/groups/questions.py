"""What is said before something is done: exactly what, how much, and whether it can be undone."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from catalog import Entry, GroupRecord, ImportPlan, Status, Summary
from tui.kit.amounts import quantity, size
from tui.kit.columns import Fact
from tui.kit.plain import plain
from tui.kit.reader import Lines, question
from tui.kit.whereabouts import place_facts
from tui.listing import GroupListing

from .library import CopyPlan, FilePlan, NewPlan

_UNDONE = "Z puts it back."
_MOST_NAMED = 4


def _bold(text: str) -> Content:
    return Content.styled(plain(text), "bold")


def _file_facts(plan: FilePlan) -> list[Fact]:
    facts: list[Fact] = [("from", Content(plain(str(plan.path))))]
    if (counts := plan.counts) is not None:
        amount = Content.assemble((quantity(counts.keys, "key"), "bold"), f", {size(counts.value_bytes)} ({counts.format})")
        first = ", ".join(plain(key) for key in counts.first[:3])
        facts += [("set", amount), ("such as", Content(f"{first}{' …' if counts.keys > 3 else ''}"))]
        if counts.replaced:
            values = quantity(counts.replaced, "value that is there", "values that are there")
            facts.append(("replace", Content.styled(values, "$state-ahead")))
        if counts.same:
            facts.append(("stay", Content(f"{quantity(counts.same, 'key')} that {_has(counts.same)} the same value already")))
        facts += _left_out(counts)
    return facts


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _left_out(counts: ImportPlan) -> list[Fact]:
    """What of an input makes no key, and why."""
    parts = counts.left_out
    named = [f"{plain(one.name)}: {plain(one.reason)}" for one in parts[:_MOST_NAMED]]
    more = [f"and {len(parts) - _MOST_NAMED:,} more"] if len(parts) > _MOST_NAMED else []
    names = ["left out", *[""] * len(named)]
    return [(name, Content.styled(words, "$state-ahead")) for name, words in zip(names, [*named, *more], strict=False)]


def new_question(plan: NewPlan) -> Lines:
    """Before a database is made."""
    wanted = plan.wanted
    facts = [("make", _bold(wanted.name)), ("in", Content(plain(wanted.group))), *place_facts("at", wanted.connection)]
    facts += _file_facts(plan.file) if plan.file else [("with", Content("no keys yet"))]
    return question(facts, "It is pushed at once, so that its place has it; the group says so once you share it (S).")


def import_question(entry: Entry, plan: FilePlan) -> Lines:
    """Before files are brought into a database."""
    facts: list[Fact] = [("into", _bold(entry.name)), *_file_facts(plan)]
    lost = plan.counts.edits_replaced if plan.counts else 0
    if lost:
        words = f"{quantity(lost, 'of them was', 'of them were')} changed by you and not pushed"
        facts.append(("", Content.styled(words, "$state-conflict")))
    note = "They become changes of yours: nothing is pushed, and discarding them goes back to what was pulled last."
    return question(facts, f"{note}{' What you changed before is then gone.' if lost else ''}")


def copy_question(entry: Entry, plan: CopyPlan, status: Status | None) -> Lines:
    """Before a remote is copied."""
    facts: list[Fact] = [("copy", _bold(entry.name)), *place_facts("from", entry.connection), *place_facts("to", plan.target)]
    if status is not None:
        amount = f"{quantity(status.keys, 'key')}, {size(status.value_bytes)}, and {quantity(plan.commits, 'commit')} of history"
        facts.append(("with", Content(amount)))
    return question(facts, "Nothing is overwritten. A copy that is cut short goes on where it stopped.")


def remove_question(group: str, entry: Entry) -> Lines:
    """Before a database is removed from its group."""
    facts: list[Fact] = [
        ("remove", _bold(entry.name)),
        ("from", Content(plain(group))),
        *place_facts("stays at", entry.connection),
    ]
    return question(facts, f"Only the entry goes: no data is deleted, there or on this machine. {_UNDONE}")


def remove_group_question(record: GroupRecord, listing: GroupListing | None) -> Lines:
    """Before a group is removed from this machine's list."""
    count = len(listing.entries) if listing else 0
    facts: list[Fact] = [
        ("remove", _bold(record.name)),
        ("with", Content(quantity(count, "entry", "entries"))),
        *place_facts("stays at", record.connection),
    ]
    return question(facts, f"It only leaves this machine's list: no data and no entry is deleted, for nobody. {_UNDONE}")


def delete_question(entry: Entry, status: Status | None, others: Sequence[str]) -> Lines:
    """Before a remote is deleted."""
    facts: list[Fact] = [("delete", _bold(f"the remote of {entry.name}")), *place_facts("at", entry.connection)]
    if status is not None and status.remote_commit is not None:
        facts.append(("with", Content(f"{quantity(status.keys, 'key')}, {size(status.value_bytes)}")))
        facts.append(("and", Content(f"its history of {quantity(status.remote_commit.number, 'commit')}")))
    if others:
        facts.append(("named in", Content(plain(", ".join(others)))))
    note = (
        "It is gone for everyone, and that cannot be undone. Values that are only there are fetched first: the copy on this "
        "machine keeps every value, and could be pushed again, without the history."
    )
    return question(facts, note)


def share_question(record: GroupRecord, summary: Summary) -> Lines:
    """Before a group is pushed."""
    count = summary.outgoing + summary.conflicts
    facts: list[Fact] = [
        ("send", Content.assemble((quantity(count, "changed entry", "changed entries"), "bold"), f", {size(summary.bytes_up)}")),
        ("of", Content(plain(record.name))),
        *place_facts("to", record.connection),
    ]
    note = "Entries say where databases live and hold no key pair."
    if summary.conflicts:
        note += f" {quantity(summary.conflicts, 'entry', 'entries')} changed there too: the push stops then."
    return question(facts, note)
