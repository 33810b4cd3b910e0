"""The state of a working copy: single facts, each with its type, and the changes of several that belong together."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Generic, TypeVar

import msgspec

from catalog.errors import IntegrityError
from catalog.format.head import Origin, StoredHead, decode_head
from catalog.local.sidecar import Sidecar, damaged
from catalog.local.table import LocalTable

_RESUMABLE_SECONDS = 24 * 3600
_MARKS = 500
"""How many syncs back a booklet that was restored is known again."""

T = TypeVar("T")


class Attempt(msgspec.Struct, frozen=True):
    """A commit that was sent: edits up to number ``up_to`` are in it, of ``keys`` (None: of all)."""

    number: int
    id: str
    up_to: int
    keys: list[str] | None


class Restored(msgspec.Struct, frozen=True, array_like=True):
    """A booklet of an earlier sync was found: what it holds, edits ``after`` a number up to another, is to be compared.

    It was based on a commit, None where there was none. ``deleted`` are keys that are deleted here and in it again.
    """

    number: int | None
    commit_id: str | None
    after: int
    up_to: int
    deleted: list[str]


class _Fact(Generic[T]):
    """One fact, None while it is not known. One of another type is damage: anyone can write to the file."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name.lstrip("_")

    def __get__(self, state: State, _owner: type) -> T | None:
        row = state.sidecar.row("SELECT value FROM state WHERE name = ?", (self._name,))
        return None if row is None else _checked(row[0], self._kind, self._name, state.sidecar)

    def __set__(self, state: State, value: T | None) -> None:
        if value is None:
            state.sidecar.change("DELETE FROM state WHERE name = ?", (self._name,))
        else:
            state.sidecar.change(
                "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (self._name, value)
            )


class _Mark:
    """A fact that is so or not."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, state: State, _owner: type) -> bool:
        return state.sidecar.row("SELECT 1 FROM state WHERE name = ?", (self._name,)) is not None

    def __set__(self, state: State, value: bool) -> None:
        if value:
            state.sidecar.change("INSERT OR REPLACE INTO state VALUES (?, 1)", (self._name,))
        else:
            state.sidecar.change("DELETE FROM state WHERE name = ?", (self._name,))


def _checked(value: object, kind: type[T], name: str, sidecar: Sidecar) -> T:
    if not isinstance(value, kind):
        raise damaged(sidecar.path, f"its {name} is no {kind.__name__}")
    return value


class State:
    """What a working copy knows of itself and of its remote. Safe from many threads; ``table`` says what it holds of each key."""

    replacing = _Mark()
    """Whether the working copy stands for the whole database: the next push puts its keys in the place of all that were there."""
    uprooted = _Mark()
    """Whether the commit that the working copy was built on cannot be read any more; its copies are of it still."""
    dirty = _Mark()
    """Whether a writer began to change the booklet and did not yet say how it left it."""
    compacting = _Mark()
    """Whether a whole new file lies beside the booklet, whose bytes are to take its place."""
    fingerprint = _Fact(str)
    """What the booklet looked like when it was last synced."""

    made = _Fact(str)
    """The id of the last commit that a command was about to make here, which is no stranger's."""

    unfinished_adoption = _Fact(bytes)
    """Deletions that ebooklet noted before its file was taken over, while they are not noted here."""

    next_mark = _Fact(bytes)
    """The mark that the booklet gets with the next sync."""

    place = _Fact(str)
    """Where the database is whose working copy this is, in words."""

    _restored = _Fact(bytes)
    _lost_edits = _Fact(bytes)
    _continues = _Fact(bytes)
    _writer = _Fact(str)
    _attempts = _Fact(bytes)
    _generation = _Fact(int)
    _last_edit = _Fact(int)
    _base_id = _Fact(str)
    _base_number = _Fact(int)

    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self.table = LocalTable(sidecar)

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """All or nothing; with ``durable`` it also survives a loss of power once it has ended. Nested ones join the outer."""
        return self.sidecar.transaction(durable=durable)

    @property
    def generation(self) -> int:
        """A number that is another whenever anyone changed what is known of keys or commits, in this process or elsewhere."""
        return self._generation or 0

    @property
    def last_edit(self) -> int:
        """The number of the newest edit."""
        return self._last_edit or 0

    @last_edit.setter
    def last_edit(self, number: int) -> None:
        self._last_edit = number

    @property
    def base_id(self) -> str | None:
        """The id of the commit that the working copy builds on."""
        return self._base_id

    def heads(self) -> tuple[StoredHead | None, StoredHead | None]:
        """The commit that the working copy builds on, and the newest one that was seen."""
        # One query: a head with the tag of another's would let a push swap what it has not seen.
        names = ("base", "base_etag", "seen", "seen_etag")
        known = dict(self.sidecar.rows("SELECT name, value FROM state WHERE name IN (?, ?, ?, ?)", names))
        base, seen = self._head(known, "base"), self._head(known, "seen")
        return base, seen or base

    def _head(self, known: dict[str, object], name: str) -> StoredHead | None:
        if name not in known:
            return None
        body = _checked(known[name], bytes, name, self.sidecar)
        etag = _checked(known.get(f"{name}_etag", ""), str, f"{name}_etag", self.sidecar)
        return decode_head(body, etag, f"{self.sidecar.path}: the remembered head")

    def build_on(self, stored: StoredHead | None) -> None:
        """Build on another commit from now on, which is then the newest one that was seen too."""
        with self.transaction():
            self._remember("base", stored)
            self._base_id = stored.commit_id if stored is not None else None
            self.uprooted = False
            self._base_number = stored.head.number if stored is not None else None
            if not self.dirty:
                # What the booklet holds was not changed by it, and is a state of the new base.
                self.sidecar.run(
                    "UPDATE mark SET number = ?, commit_id = ? WHERE seq = (SELECT MAX(seq) FROM mark)",
                    (self._base_number, self._base_id),
                )
            self.see(stored)

    def see(self, stored: StoredHead | None) -> None:
        """Note the newest commit known."""
        with self.transaction():
            self._remember("seen", stored)

    def _remember(self, name: str, stored: StoredHead | None) -> None:
        self.sidecar.change("DELETE FROM state WHERE name IN (?, ?)", (name, f"{name}_etag"))
        if stored is not None:
            facts = ((name, stored.body), (f"{name}_etag", stored.etag))
            self.sidecar.change_many("INSERT INTO state VALUES (?, ?)", facts)

    @property
    def attempts(self) -> list[Attempt]:
        """Commits that were sent and whose outcome is not known."""
        noted = self._attempts
        if noted is None:
            return []
        try:
            return _decode_attempts(noted)
        except msgspec.DecodeError as error:
            raise damaged(self.sidecar.path, f"its attempted commits: {error}") from None

    def note_attempt(self, attempt: Attempt) -> None:
        """Note a commit that is about to be sent; it is not forgotten by a loss of power."""
        with self.transaction(durable=True):
            self._attempts = msgspec.json.encode([*self.attempts, attempt])

    def forget_attempt(self, attempt: Attempt) -> None:
        """Forget a commit that was surely not made."""
        left = [noted for noted in self.attempts if noted.id != attempt.id]
        self._attempts = msgspec.json.encode(left) if left else None

    def forget_attempts(self) -> None:
        """Forget all commits whose outcome was not known: it is now."""
        self._attempts = None

    def resumable(self) -> set[bytes]:
        """The packs of a push that did not commit, of the last day."""
        since = int(time.time()) - _RESUMABLE_SECONDS
        found = self.sidecar.rows("SELECT pack FROM uploaded WHERE at > ?", (since,))
        return {row[0] for row in found if isinstance(row[0], bytes)}

    def note_uploaded(self, pack: bytes) -> None:
        """Note a pack that is up, though no commit names it yet."""
        self.sidecar.run("INSERT OR REPLACE INTO uploaded VALUES (?, ?)", (pack, int(time.time())))

    def committed(self, made: StoredHead, keys: Iterable[str] | None, up_to: int) -> None:
        """A commit of our own was made on top of our base: edits up to a number (of ``keys``, or all) are edits no more."""
        with self.transaction(durable=True):
            self.build_on(made)
            self.table.finalize(keys, up_to)
            self.replacing = False
            self._lost_edits = self._continues = None
            self.forget_attempts()
            self.sidecar.run("DELETE FROM uploaded")

    def claim_copies(self) -> None:
        """Turn copies of a remote that is no more into edits of ours, and forget what was deleted of it."""
        with self.transaction():
            self.last_edit += 1
            self.table.claim_copies(self.last_edit)

    @property
    def continues(self) -> Origin | None:
        """The last commit that was known of a database that was deleted, in whose place the next first commit is made."""
        return self._decoded(self._continues, Origin, "the database that it continues")

    @continues.setter
    def continues(self, origin: Origin | None) -> None:
        self._continues = msgspec.msgpack.encode(origin) if origin is not None else None

    def begin_change(self, mark: bytes) -> None:
        """Note that the booklet is being changed, and the mark that it gets when that is done."""
        with self.transaction():
            self.dirty = True
            self.next_mark = mark

    def end_change(self, fingerprint: str, mark: bytes) -> None:
        """Note how a change left the booklet: what it looks like, and what it is based on under its mark."""
        with self.transaction(durable=True):
            self.fingerprint = fingerprint
            self.dirty = False
            self.next_mark = None
            self.sidecar.run(
                "INSERT OR REPLACE INTO mark (mark, number, commit_id) VALUES (?, ?, ?)", (mark, self._base_number, self._base_id)
            )
            self.sidecar.run("DELETE FROM mark WHERE seq <= (SELECT MAX(seq) FROM mark) - ?", (_MARKS,))

    def earlier_base(self, mark: bytes) -> tuple[int | None, str | None] | None:
        """The commit that the booklet was based on when it got an earlier mark than its last; None for any other mark."""
        found = self.sidecar.rows(
            "SELECT number, commit_id FROM mark WHERE mark = ? AND seq < (SELECT MAX(seq) FROM mark) AND mark <> ?",
            (mark, self.next_mark or b""),
        )
        if not found:
            return None
        number, commit_id = found[0]
        if (number is None) != (commit_id is None) or not isinstance(number, int | None) or not isinstance(commit_id, str | None):
            raise damaged(self.sidecar.path, "what it says of an earlier booklet")
        return number, commit_id

    @property
    def restored(self) -> Restored | None:
        """What is still to be found out about a booklet that was restored."""
        return self._decoded(self._restored, Restored, "a restored booklet")

    @restored.setter
    def restored(self, found: Restored | None) -> None:
        self._restored = msgspec.msgpack.encode(found) if found is not None else None

    @property
    def lost_edits(self) -> list[str]:
        """The keys whose unpushed edits went with a booklet that was replaced by an earlier one; until the next push."""
        return self._decoded(self._lost_edits, list[str], "lost edits") or []

    def note_lost_edits(self, keys: Iterable[str]) -> None:
        """Note edits that went with a booklet that was replaced."""
        known = dict.fromkeys([*self.lost_edits, *keys])
        self._lost_edits = msgspec.msgpack.encode(list(known)) if known else None

    def _decoded(self, noted: bytes | None, kind: type[T], what: str) -> T | None:
        if noted is None:
            return None
        try:
            return msgspec.msgpack.decode(noted, type=kind)
        except msgspec.DecodeError as error:
            raise damaged(self.sidecar.path, f"what it says of {what}: {error}") from None

    def begin_writing(self) -> None:
        """Note that this process writes from now on."""
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        self._writer = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})

    def end_writing(self) -> None:
        """Note that nobody writes."""
        self._writer = None

    def holder(self) -> str:
        """Who writes, in words."""
        try:
            said = json.loads(self._writer or "null")
            return f"process {int(said['pid'])} on {said['host']:.100} (since {said['since']:.40})"
        except (ValueError, TypeError, KeyError, IntegrityError):
            return "another program that opened it with booklet"


_decode_attempts = msgspec.json.Decoder(list[Attempt]).decode
