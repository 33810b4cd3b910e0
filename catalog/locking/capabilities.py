"""What a store makes of conditional writes: found out by a real race, once for each endpoint and bucket, and remembered.

Some S3 services keep the condition of a write, some take the write for a plain one, some let several racers win, some refuse. The
commit of a push depends on it. What was found is kept on this machine for a week, and looked at again every hour of use.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from catalog.errors import CatalogError, LocalFileError, LockTimeoutError, PreconditionFailedError, StoreError
from catalog.json_file import JsonFile
from catalog.locations import data_folder
from catalog.progress import Progress
from catalog.store.interface import IfAbsent, IfMatch, ObjectStore, UnsupportedRequestError

RACERS = 8
PROBE_AGAIN = timedelta(days=7)
CHECK_AGAIN = timedelta(hours=1)
_TRIES = 3
_STALE = '"00000000000000000000000000000000"'


class Conditions(StrEnum):
    """What a store does with the condition of a write."""

    KEPT = "kept"
    """Of several racing writers exactly one wins: compare-and-swap."""
    IGNORED = "ignored"
    """The condition is taken, but more than one can win."""
    REFUSED = "refused"
    """A conditional write is an error."""


class Finding(BaseModel):
    """What was found out about one place, by a race at ``probed`` and a single write at ``checked``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    place: str
    conditions: Conditions
    probed: datetime
    checked: datetime


class _Findings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    findings: tuple[Finding, ...] = ()


_unkept: dict[str, Finding] = {}
"""Findings of this process, for a machine whose data folder cannot be written."""


def conditions_of(store: ObjectStore, db_key: str, progress: Progress) -> Conditions:
    """What ``store`` makes of conditional writes; for a place that is not known yet, by a race beside ``db_key``.

    A race takes 12 small requests, and a second or a few. Raises what the store raises when it cannot be held.
    """
    certain = store.powers.compare_and_swap
    if certain is not None:
        return Conditions.KEPT if certain else Conditions.REFUSED
    known = recall(store)
    if known is not None:
        return known.conditions
    progress.begin("finding out how the store keeps writers apart")
    return note(store, probe(store, db_key)).conditions


def recall(store: ObjectStore) -> Finding | None:
    """What this machine remembers of a place; None when that is nothing, or too old."""
    found = _unkept.get(store.where)
    with suppress(LocalFileError):
        found = next((kept for kept in _file().read().findings if kept.place == store.where), found)
    return found if found is not None and datetime.now(UTC) - found.probed < PROBE_AGAIN else None


def note(store: ObjectStore, conditions: Conditions) -> Finding:
    """Remember what a race, or a write that contradicts the last one, has shown just now."""
    now = datetime.now(UTC)
    return _keep(Finding(place=store.where, conditions=conditions, probed=now, checked=now))


def still_kept(store: ObjectStore, name: str, body: bytes) -> bool:
    """Whether the store, that kept conditions when it was probed, still does; asked at most once an hour on this machine.

    ``name`` is an immutable object whose bytes are ``body``: the write that must fail would change nothing. A contradiction is
    remembered.
    """
    if store.powers.compare_and_swap is not None:
        return True
    known = recall(store)
    now = datetime.now(UTC)
    if known is not None and now - known.checked < CHECK_AGAIN:
        return known.conditions is Conditions.KEPT
    found = Conditions.KEPT
    try:
        store.put(name, body, precondition=IfAbsent())
        found = Conditions.IGNORED
    except PreconditionFailedError:
        pass
    except UnsupportedRequestError:
        found = Conditions.REFUSED
    if known is None or found is not known.conditions:
        note(store, found)
    else:
        _keep(known.model_copy(update={"checked": now}))
    return found is Conditions.KEPT


def probe(store: ObjectStore, db_key: str) -> Conditions:
    """Hold a race: eight conditional creations of one object at once, then a swap over a version that never was.

    The object is ``<db_key>.probe-…``, outside of everything that belongs to a database, and is deleted again. Raises what the
    store raises, and StoreError when no race has a clear outcome.
    """
    for _ in range(_TRIES):
        name = f"{db_key}.probe-{secrets.token_hex(8)}"
        try:
            outcomes = _race(store, name)
            if any(isinstance(outcome, UnsupportedRequestError) for outcome in outcomes):
                return Conditions.REFUSED
            won = sum(outcome is None for outcome in outcomes)
            if won > 1:
                return Conditions.IGNORED
            if won and any(isinstance(outcome, PreconditionFailedError) for outcome in outcomes):
                return _swap_over_stale(store, name)
        finally:
            _remove(store, name)
    failures = [outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, PreconditionFailedError)]
    if failures:
        raise failures[0]
    raise StoreError(
        f"{store.where}: of eight conditional writes at once none came through, {_TRIES} times.",
        hint="Try again later; `catalog doctor` says more.",
    )


def _remove(store: ObjectStore, name: str) -> None:
    """Delete what was raced for; a server that has just let eight writers in may bring it back once more."""
    with suppress(CatalogError):
        for _ in range(_TRIES):
            store.delete(name)
            store.head(name)


def _race(store: ObjectStore, name: str) -> list[CatalogError | None]:
    """What each racer got: None has won. Each writes other bytes, so that no tag comes twice."""
    start = threading.Barrier(RACERS)

    def run(number: int) -> CatalogError | None:
        start.wait()
        return _outcome(lambda: store.put(name, b"racer %d" % number, precondition=IfAbsent()))

    with ThreadPoolExecutor(RACERS, thread_name_prefix="racer") as pool:
        return list(pool.map(run, range(RACERS)))


def _swap_over_stale(store: ObjectStore, name: str) -> Conditions:
    outcome = _outcome(lambda: store.put(name, b"stale", precondition=IfMatch(_STALE)))
    if isinstance(outcome, PreconditionFailedError):
        return Conditions.KEPT
    if isinstance(outcome, UnsupportedRequestError):
        return Conditions.REFUSED
    if outcome is not None:
        raise outcome
    return Conditions.IGNORED


def _outcome(write: Callable[[], object]) -> CatalogError | None:
    try:
        write()
    except CatalogError as error:
        return error.with_traceback(None)
    return None


def _keep(finding: Finding) -> Finding:
    def changed(held: _Findings) -> _Findings:
        oldest = finding.probed - PROBE_AGAIN
        others = (kept for kept in held.findings if kept.place != finding.place and kept.probed > oldest)
        return _Findings(findings=(*others, finding))

    _unkept[finding.place] = finding
    with suppress(LocalFileError, LockTimeoutError):
        _file().change(changed)
        _unkept.pop(finding.place, None)
    return finding


def _file() -> JsonFile[_Findings]:
    return JsonFile(data_folder() / "powers.json", _Findings, _Findings())
