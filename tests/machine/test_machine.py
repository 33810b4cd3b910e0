"""Two working copies, plain booklet, children and kills, in any order, against a model of plain dicts.

A small, fixed part runs always. All of it, in parallel, from the seed on that ``CATALOG_MACHINE_SEED`` names::

    CATALOG_MACHINE=large python -m pytest -n 2 --dist load -s tests/machine

``CATALOG_MACHINE_SEQUENCES`` is how many sequences that are, ``CATALOG_MACHINE_WITHOUT`` has the names of steps to leave out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from .editing import Edit
from .history import History
from .lineage import Lineage
from .looking import LOOKS, Looking
from .model import METADATA
from .processes import Processes
from .settling import Settling
from .world import WITHOUT

LARGE = os.environ.get("CATALOG_MACHINE") == "large"
SEQUENCES = int(os.environ.get("CATALOG_MACHINE_SEQUENCES", "10000" if LARGE else "20"))
FIRST_SEED = int(os.environ.get("CATALOG_MACHINE_SEED", "0"))
STEPS = 40
SLICE = 100 if LARGE else 10
"""Sequences of one test: tests are what runs side by side."""

WHO = st.sampled_from([0, 1])
NAMES = ["a", "c/1", "k\x00", "ä 🌊" + "z" * 300]
KEYS = st.sampled_from(NAMES)
SOME = st.frozensets(KEYS, min_size=1, max_size=3)
SOME_AND_METADATA = st.frozensets(st.sampled_from([*NAMES, METADATA]), min_size=1, max_size=3)
VALUES = st.sampled_from([b"1", b"2", b'"' + b"x" * 300 + b'"'])
MOMENTS = st.sampled_from(["new", "content", "content", "same", "base", "old"])
EDITS: st.SearchStrategy[list[Edit]] = st.lists(
    st.tuples(KEYS, st.one_of(VALUES, VALUES, st.none()), MOMENTS), min_size=1, max_size=3
)
METADATA_VALUES = st.sampled_from([None, {"m": 1}, {"m": 2}])


class World(Lineage, Looking, Settling, History, Processes):
    """Everything that can happen."""


class TwoCopies(RuleBasedStateMachine):
    """Each step is one rule, judged in `World`. Nothing is read unless the rule says so: reading hides faults."""

    count: ClassVar[int] = 0
    world: World
    failed = False

    @initialize(buffer_size=st.sampled_from([1, 100, 4 << 20]), first=st.one_of(st.none(), EDITS))
    def begin(self, buffer_size: int, first: list[Edit] | None) -> None:
        TwoCopies.count += 1
        self.world = World(buffer_size)
        self.world.saved = {}
        if first is None and "creators" not in WITHOUT:
            # both may create the database
            self.do(self.world.opened, 0)
            self.do(self.world.opened, 1)
            return
        self.do(self.world.edit, 0, first or [("a", b"1", "new")])
        self.do(self.world.push, 0)

    def do(self, step: Callable[..., Any], who: int, *what: Any, **how: Any) -> None:
        """Take one step."""
        self.failed = True
        step(self.world.copies[who], *what, **how)
        self.failed = False

    @rule(who=WHO, edits=EDITS)
    def edit(self, who: int, edits: list[Edit]) -> None:
        self.do(self.world.edit, who, edits)

    @rule(who=WHO, edits=EDITS)
    def edit_more(self, who: int, edits: list[Edit]) -> None:
        self.do(self.world.edit, who, edits)

    @rule(who=WHO)
    def clear(self, who: int) -> None:
        self.do(self.world.clear, who)

    @rule(who=WHO)
    def sync(self, who: int) -> None:
        self.do(self.world.sync, who)

    @rule(who=WHO, value=METADATA_VALUES, kind=MOMENTS)
    def set_metadata(self, who: int, value: Any, kind: str) -> None:
        self.do(self.world.set_metadata, who, value, kind)

    @rule(who=WHO)
    def close(self, who: int) -> None:
        self.do(self.world.shut, who)

    @rule(who=WHO, pull=st.booleans(), flag=st.sampled_from("cw"))
    def reopen(self, who: int, pull: bool, flag: str) -> None:
        self.do(self.world.reopen, who, pull=pull, flag=flag)

    @rule(who=WHO)
    def start_over(self, who: int) -> None:
        self.do(self.world.start_over, who)

    @rule(who=WHO)
    def start_afresh(self, who: int) -> None:
        self.do(self.world.start_afresh, who)

    @rule(who=WHO)
    def lose_sidecar(self, who: int) -> None:
        self.do(self.world.lose_sidecar, who)

    @rule(who=WHO)
    def push(self, who: int) -> None:
        self.do(self.world.push, who)

    @rule(who=WHO)
    def push_too(self, who: int) -> None:
        self.do(self.world.push, who)

    @rule(who=WHO, keys=SOME_AND_METADATA)
    def push_some(self, who: int, keys: frozenset[str]) -> None:
        self.do(self.world.push, who, keys)

    @rule(who=WHO, keys=st.one_of(st.none(), SOME_AND_METADATA))
    def push_what_can_be(self, who: int, keys: frozenset[str] | None) -> None:
        self.do(self.world.push, who, keys, skip=True)

    @rule(who=WHO)
    def pull(self, who: int) -> None:
        self.do(self.world.pull, who)

    @rule(who=WHO, keys=st.one_of(st.none(), SOME_AND_METADATA))
    def discard(self, who: int, keys: frozenset[str] | None) -> None:
        self.do(self.world.discard, who, keys)

    @rule(who=WHO, keys=SOME_AND_METADATA, side=st.sampled_from(["mine", "theirs", "merged"]))
    def resolve(self, who: int, keys: frozenset[str], side: str) -> None:
        self.do(self.world.resolve, who, keys, side)

    @rule(who=WHO, over=st.booleans())
    def undo(self, who: int, over: bool) -> None:
        self.do(self.world.undo, who, over=over)

    @rule(who=WHO, back=st.integers(0, 3), over=st.booleans())
    def revert(self, who: int, back: int, over: bool) -> None:
        self.do(self.world.revert, who, back, over=over)

    @rule(who=WHO, name=st.sampled_from(["one", "two"]), back=st.one_of(st.none(), st.integers(0, 2)), over=st.booleans())
    def tag(self, who: int, name: str, back: int | None, over: bool) -> None:
        self.do(self.world.tag, who, name, back, over=over)

    @rule(who=WHO, keep=st.integers(1, 3), aged=st.booleans())
    def collect(self, who: int, keep: int, aged: bool) -> None:
        self.do(self.world.collect, who, keep, aged=aged)

    @rule(who=WHO, keys=SOME, over=st.booleans())
    def forget(self, who: int, keys: frozenset[str], over: bool) -> None:
        self.do(self.world.forget, who, keys, over=over)

    @rule(who=WHO)
    def delete_remote(self, who: int) -> None:
        self.do(self.world.delete_remote, who)

    @rule(who=WHO)
    def copy_remote(self, who: int) -> None:
        self.do(self.world.copy_remote, who)

    @rule(who=WHO, before=st.sampled_from([None, "all", "old"]))
    def prune(self, who: int, before: str | None) -> None:
        self.do(self.world.prune, who, before)

    @rule(who=WHO, keys=st.one_of(st.none(), SOME))
    def load(self, who: int, keys: frozenset[str] | None) -> None:
        self.do(self.world.load, who, keys)

    @rule(who=WHO, edits=EDITS)
    def edit_offline(self, who: int, edits: list[Edit]) -> None:
        self.do(self.world.edit_offline, who, edits)

    @rule(
        who=WHO,
        edits=st.one_of(st.just([]), EDITS),
        prune=st.booleans(),
        clear=st.booleans(),
        metadata=st.one_of(st.just(...), METADATA_VALUES),
    )
    def edit_plainly(self, who: int, edits: list[Edit], prune: bool, clear: bool, metadata: Any) -> None:
        self.do(self.world.edit_plainly, who, edits, prune=prune, clear=clear, metadata=metadata)

    @rule(who=WHO)
    def read_plainly(self, who: int) -> None:
        self.do(self.world.read_plainly, who)

    @rule(
        who=WHO,
        edits=EDITS,
        sync_after=st.one_of(st.none(), st.integers(0, 2)),
        push_requests=st.one_of(st.none(), st.integers(1, 7)),
    )
    def die(self, who: int, edits: list[Edit], sync_after: int | None, push_requests: int | None) -> None:
        self.do(self.world.die, who, edits, sync_after, push_requests)

    @rule(who=WHO, read=st.booleans(), write=st.booleans(), close=st.booleans())
    def fork(self, who: int, read: bool, write: bool, close: bool) -> None:
        self.do(self.world.fork, who, read_there=read, write_there=write, close_there=close)

    @rule(who=WHO, what=st.sampled_from(["items", "changes", *LOOKS]))
    def look(self, who: int, what: str) -> None:
        self.do(self.world.look, who, what)

    @rule()
    def look_back(self) -> None:
        self.do(lambda _: self.world.look_back(), 0)

    @rule(who=WHO, back=st.integers(0, 5), way=st.sampled_from(["put on top", "follow", "keep as", "comes back"]))
    def put_back(self, who: int, back: int, way: str) -> None:
        self.do(self.world.put_back, who, back, way)

    @rule(who=WHO)
    def save(self, who: int) -> None:
        self.do(self.world.save, who, who)

    @rule(
        who=WHO,
        what=st.sampled_from(["booklet", "booklet", "sidecar", "both"]),
        edits=st.one_of(st.just({}), st.dictionaries(KEYS, VALUES, min_size=1, max_size=2)),
    )
    def restore(self, who: int, what: str, edits: dict[str, bytes]) -> None:
        self.do(self.world.restore, who, who, what, edits)

    @rule(who=WHO)
    def lose_booklet(self, who: int) -> None:
        self.do(self.world.lose_booklet, who)

    @rule()
    def relocate(self) -> None:
        self.do(self.world.relocate, 0)

    @rule(years=st.sampled_from([0, 0, -10, 10]))
    def set_clock(self, years: int) -> None:
        self.do(self.world.set_clock, 0, years)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.right_clock()
        try:
            if not self.failed:
                self.world.look_at_all()
        finally:
            self.world.close()


for name in WITHOUT & vars(TwoCopies).keys():
    delattr(TwoCopies, name)


@pytest.mark.timeout(3600 if LARGE else 120)
@pytest.mark.parametrize("number", range(FIRST_SEED, FIRST_SEED + -(-SEQUENCES // SLICE)))
def test_no_order_of_use_loses_anything(number: int) -> None:
    """Whatever is done in whatever order: readers see what was pushed, copies what was edited, and the history all of it."""
    sequences, before = min(SLICE, SEQUENCES), TwoCopies.count
    run_state_machine_as_test(
        seed(number)(TwoCopies),
        settings=settings(
            max_examples=sequences,
            stateful_step_count=STEPS,
            database=None,
            report_multiple_bugs=False,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{TwoCopies.count - before:,} sequences of {STEPS} steps, seed {number}", file=sys.__stdout__)
    assert TwoCopies.count - before >= sequences
