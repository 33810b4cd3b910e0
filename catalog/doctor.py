"""The doctor: tries what this program needs of a place, says what works and what to do, and leaves nothing behind."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from catalog.connection import S3Connection
from catalog.credentials import resolve
from catalog.errors import (
    AccessDeniedError,
    BucketMissingError,
    CatalogError,
    CredentialsError,
    ObjectMissingError,
    UnreachableError,
)
from catalog.format.head import MOST_BYTES
from catalog.format.names import ObjectNames
from catalog.locking import capabilities as powers
from catalog.locking.capabilities import Conditions
from catalog.locking.head_writer import read_holder
from catalog.progress import Progress
from catalog.remote.commit import EbookletFoundError, refuse_ebooklet
from catalog.remote.integrity import Damage, check_database
from catalog.remote.place import Place
from catalog.store.access import connect_store
from catalog.store.connect import connect, name_of
from catalog.store.interface import ByteRange, ObjectStore, Source

_LARGE = (8 << 20) + 1
_BEGINNING = 64
_BODY = b"written by catalog doctor"
_SKEW_NOTED, _SKEW_REFUSED = 60.0, 900.0


class Verdict(StrEnum):
    """How a check came out."""

    WORKS = "works"
    LIMITED = "limited"
    FAILS = "fails"
    SKIPPED = "not checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: what was found, what that means for this program, and what to do about it."""

    name: str
    verdict: Verdict
    found: str
    meaning: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the doctor found at one place."""

    where: str
    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing fails; what is limited or was not checked does not count."""
        return all(check.verdict is not Verdict.FAILS for check in self.checks)


def examine(connection: S3Connection, *, deep: bool = False, progress: Progress | None = None) -> Diagnosis:
    """Try everything that this program needs of the place of ``connection``, and look its database over if there is one.

    What is written lies beside the database, under names of its own, and is deleted again; the database itself is only read.
    ``deep`` fetches every value and verifies its checksum. Problems are part of the answer, not raised; CancelledError is.
    """
    watched = progress or Progress()
    checks: list[Check] = []
    for check in _examine(connection, watched, deep=deep):
        watched.begin(f"examining: {check.name} {check.verdict}")
        checks.append(check)
    return Diagnosis(str(connection), tuple(checks))


def _examine(connection: S3Connection, progress: Progress, *, deep: bool) -> Iterator[Check]:
    credentials = _credentials(connection, progress)
    yield credentials
    if credentials.verdict is not Verdict.FAILS and not connection.is_address_only:
        store = connect_store(connection, writing=connection.db_url is None, progress=progress)
        try:
            for check in _examine_store(store, name_of(connection), progress, only_look=_is_of_ebooklet(store, connection)):
                yield check
                if check.name == "reach" and check.verdict is Verdict.FAILS:
                    yield _public(connection)
                    return
        finally:
            store.close()
    yield _public(connection)
    yield from _examine_database(connection, progress, deep=deep)


def _credentials(connection: S3Connection, progress: Progress) -> Check:
    if connection.is_folder or connection.is_address_only:
        return Check("credentials", Verdict.WORKS, "a folder needs none" if connection.is_folder else "none: read in public")
    try:
        resolved = resolve(connection, progress=progress)
    except CredentialsError as error:
        if connection.db_url is not None:
            return Check("credentials", Verdict.LIMITED, error.message, "You can read in public, not push.", error.hint)
        return Check("credentials", Verdict.FAILS, error.message, "Nothing can be read or pushed.", error.hint)
    return Check("credentials", Verdict.WORKS, f"from {resolved.source}: {resolved.why}")


def _is_of_ebooklet(store: ObjectStore, connection: S3Connection) -> bool:
    """Whether ebooklet keeps a database there, beside which nothing is to be written."""
    try:
        refuse_ebooklet(Place.at(store, name_of(connection)))
    except EbookletFoundError:
        return True
    except CatalogError:
        return False
    return False


def _examine_store(store: ObjectStore, db_key: str, progress: Progress, *, only_look: bool) -> Iterator[Check]:
    bench = _Bench(store, f"{db_key}.doctor-{secrets.token_hex(8)}", db_key, progress)
    try:
        for number, (name, act) in enumerate(bench.checks()):
            check = _try(name, act)
            yield check
            if check.verdict is Verdict.FAILS and number == 0:
                return
            if only_look:
                why = "nothing is written beside a database of ebooklet"
                yield from (Check(later, Verdict.SKIPPED, why) for later in ("write", *bench.needing_write))
                yield _try("lock", bench.lock)
                return
            if name == "write" and check.verdict is not Verdict.WORKS:
                yield from (Check(later, Verdict.SKIPPED, "it needs to write") for later in bench.needing_write)
                return
        progress.check()
    finally:
        bench.clean()
    left = bench.left()
    if left:
        yield Check("clean up", Verdict.FAILS, f"left behind: {', '.join(left)}", "Deleting does not last here.", "Delete them.")


def _try(name: str, act: Callable[[], Check]) -> Check:
    try:
        return act()
    except AccessDeniedError as error:
        meaning = "These keys may not do this." if name != "reach" else "Nothing can be read or pushed with these keys."
        return Check(name, Verdict.FAILS, error.message, meaning, error.hint)
    except (BucketMissingError, UnreachableError) as error:
        return Check(name, Verdict.FAILS, error.message, "Nothing can be read or pushed.", error.hint)
    except CatalogError as error:
        return Check(name, Verdict.FAILS, error.message, _NEEDED_FOR.get(name, ""), error.hint)


_ASK_ABOUT_LISTS = "Ask whoever runs the store why it does not list what is there."
_NEEDED_FOR = {
    "write": "Nothing can be pushed.",
    "ranged read": "Single values cannot be fetched.",
    "list": "Garbage cannot be collected here, and nothing forgotten: both ask the store what there is.",
    "names": "A database cannot be stored here: its head is an object, and all else is in a folder beside it.",
    "copy": "Remotes are copied through this machine.",
    "multipart": "Values of more than 8 MiB cannot be pushed.",
    "delete": "Locks are never given back, and garbage stays.",
}


class _Bench:
    """The things to try in one store that writes, all under names that begin with ``name``."""

    needing_write = ("ranged read", "list", "names", "clock", "conditional write", "copy", "multipart", "delete")

    def __init__(self, store: ObjectStore, name: str, db_key: str, progress: Progress) -> None:
        self._store, self._name, self._db_key, self._progress = store, name, db_key, progress
        self._written: list[str] = []
        self._sent = datetime.now(UTC)

    def checks(self) -> Iterator[tuple[str, Callable[[], Check]]]:
        """What to try, in order."""
        yield "reach", self.reach
        if not self._store.powers.writes:
            return
        yield "write", self.write
        yield "ranged read", self.read
        yield "list", self.listing
        yield "names", self.names
        yield "clock", self.clock
        yield "conditional write", self.race
        yield "copy", self.copy
        yield "multipart", self.multipart
        yield "delete", self.delete
        yield "lock", self.lock

    def reach(self) -> Check:
        """Whether there is a server, a bucket, and leave to ask; a database need not be there."""
        try:
            self._store.head(self._db_key)
            found = "there is a database"
        except ObjectMissingError:
            found = "there is no database yet"
        return Check("reach", Verdict.WORKS, f"{self._store.where} answers; {found}")

    def write(self) -> Check:
        self._sent = datetime.now(UTC)
        try:
            self._put(self._name, _BODY)
        except AccessDeniedError as error:
            return Check("write", Verdict.LIMITED, error.message, "You can pull, not push.", error.hint)
        return Check("write", Verdict.WORKS, "an object was written")

    def read(self) -> Check:
        piece = self._store.get(self._name, ByteRange(11, 7), most=len(_BODY)).body
        if piece != _BODY[11:18]:
            return Check("ranged read", Verdict.FAILS, f"7 bytes were asked for, {len(piece)} came", _NEEDED_FOR["ranged read"])
        return Check("ranged read", Verdict.WORKS, "a piece of an object came alone")

    def listing(self) -> Check:
        if self._name not in {found.name for found in self._store.list(self._name)}:
            return Check("list", Verdict.FAILS, "what was just written is not listed", _NEEDED_FOR["list"])
        return Check("list", Verdict.WORKS, "what was just written is listed")

    def names(self) -> Check:
        names = ObjectNames(self._name)
        below = f"{names.folder}packs/below"
        self._put(below, _BODY)
        if self._store.get(below).body != _BODY or self._store.get(self._name).body != _BODY:
            return Check("names", Verdict.FAILS, "one of two objects has the other's bytes", _NEEDED_FOR["names"])
        if below not in {found.name for found in self._store.list(names.folder)}:
            return Check("names", Verdict.FAILS, f"{below!r} is there and not listed", _NEEDED_FOR["list"], _ASK_ABOUT_LISTS)
        return Check("names", Verdict.WORKS, "an object, and others in a folder beside it, which are listed")

    def clock(self) -> Check:
        modified = self._store.head(self._name).modified
        if modified is None:
            return Check("clock", Verdict.SKIPPED, "the server does not tell the time")
        skew = (modified - self._sent).total_seconds()
        words = f"the server is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
        if abs(skew) >= _SKEW_NOTED:
            worst = Verdict.FAILS if abs(skew) >= _SKEW_REFUSED else Verdict.LIMITED
            return Check(
                "clock", worst, words, "Servers refuse requests that are signed at a wrong time.", "Set this computer's clock."
            )
        return Check("clock", Verdict.WORKS, words)

    def race(self) -> Check:
        if self._store.powers.compare_and_swap:
            return Check("conditional write", Verdict.WORKS, "kept, as this kind of store always does")
        found = powers.note(self._store, powers.probe(self._store, self._db_key)).conditions
        if found is Conditions.KEPT:
            return Check("conditional write", Verdict.WORKS, f"of {powers.RACERS} racing writers one won")
        how = "more than one racing writer won" if found is Conditions.IGNORED else "the server refuses it"
        return Check(
            "conditional write",
            Verdict.LIMITED,
            how,
            "Writers take turns by an election, as ebooklet's do: opening for writing, or a push, takes a second or two longer.",
            "Nothing: it is done by itself. Let nobody write here with a program that does not take part.",
        )

    def copy(self) -> Check:
        target = f"{self._name}-copy"
        self._written.append(target)
        if not self._store.copy(self._name, self._store, target):
            return Check("copy", Verdict.LIMITED, "the server does not copy", _NEEDED_FOR["copy"])
        if self._store.get(target).body != _BODY:
            return Check("copy", Verdict.FAILS, "the copy has other bytes", _NEEDED_FOR["copy"])
        return Check("copy", Verdict.WORKS, "the server copies by itself")

    def multipart(self) -> Check:
        name = f"{self._name}-large"
        self._written.append(name)
        self._store.put_large(name, Source(_LARGE, lambda: io.BytesIO(bytes(_LARGE))), advance=self._progress.advance)
        size = self._store.head(name).size
        if size != _LARGE:
            return Check("multipart", Verdict.FAILS, f"{size:,} bytes of {_LARGE:,} are there", _NEEDED_FOR["multipart"])
        return Check("multipart", Verdict.WORKS, "an object went up in parts")

    def delete(self) -> Check:
        self._store.delete_many(self._written)
        left = self.left()
        if left:
            return Check("delete", Verdict.FAILS, f"still there: {', '.join(left)}", _NEEDED_FOR["delete"])
        return Check("delete", Verdict.WORKS, "nothing that was written here is left")

    def lock(self) -> Check:
        holder = read_holder(Place.at(self._store, self._db_key))
        if holder is None:
            return Check("lock", Verdict.WORKS, "nobody holds it")
        return Check(
            "lock",
            Verdict.LIMITED,
            f"held by {holder}",
            "Others wait until it is given back or runs out.",
            "If that program is gone for good: catalog lock break.",
        )

    def _put(self, name: str, body: bytes) -> None:
        self._written.append(name)
        self._store.put(name, body)

    def clean(self) -> None:
        """Delete what was written, whatever happened."""
        for name in self._written:
            with suppress(CatalogError):
                self._store.delete(name)

    def left(self) -> list[str]:
        """What is still there of all that."""
        with suppress(CatalogError):
            return sorted(found.name for found in self._store.list(self._name))
        return []


def _public(connection: S3Connection) -> Check:
    if connection.db_url is None:
        return Check("public address", Verdict.SKIPPED, "the connection has none")
    address = S3Connection(db_url=connection.db_url, read_timeout=connection.read_timeout, retries=connection.retries)
    store = connect(address, None, writing=False)
    try:
        body = store.get(name_of(address), ByteRange(0, _BEGINNING), most=MOST_BYTES).body
        piece = store.get(name_of(address), ByteRange(1, 5), most=len(body)).body
    except ObjectMissingError:
        return Check(
            "public address",
            Verdict.LIMITED,
            "there is nothing at the address",
            "Nobody can read in public.",
            "Push first; then check that db_url is the address of the object db_key, and that the bucket is public.",
        )
    except CatalogError as error:
        return Check("public address", Verdict.FAILS, error.message, "Nobody can read in public.", error.hint)
    finally:
        store.close()
    if piece != body[1:6]:
        return Check("public address", Verdict.LIMITED, "it sends whole objects only", "Single values are slow to read.")
    return Check("public address", Verdict.WORKS, "anyone can read the head, and pieces of objects")


def _examine_database(connection: S3Connection, progress: Progress, *, deep: bool) -> Iterator[Check]:
    try:
        store = connect_store(connection, writing=False, progress=progress)
    except CatalogError:
        return
    try:
        looked = check_database(Place.at(store, name_of(connection)), connection.threads, progress, deep=deep)
    except CatalogError as error:
        yield Check("database", Verdict.FAILS, error.message, "It cannot be opened.", error.hint)
        return
    finally:
        store.close()
    if looked is None:
        yield Check("database", Verdict.SKIPPED, "there is none yet")
        return
    for part in looked:
        yield _of_part(part)


def _of_part(part: Damage) -> Check:
    if not part.problems:
        return Check(part.part, Verdict.WORKS, part.seen)
    return Check(
        part.part,
        Verdict.FAILS,
        f"{part.seen}; {len(part.problems):,} {part.trouble}: {'; '.join(part.problems[:3])}",
        part.meaning,
        part.advice,
    )
