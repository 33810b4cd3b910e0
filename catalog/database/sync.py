"""A working copy and its remote are brought together, as the flag of an opening says."""

from __future__ import annotations

import shutil
import uuid as uuid_module
from pathlib import Path

from catalog.changes.adopt import adopt, finish_adoption, refuse_part
from catalog.changes.detach import detach
from catalog.changes.finalize import finalize_attempts
from catalog.changes.parting import aside_of
from catalog.changes.pull import fast_forward
from catalog.database.options import Options
from catalog.errors import DatabaseMismatchError, RemoteMissingError, WrongTypeError
from catalog.format.head import StoredHead
from catalog.format.timestamp import microseconds
from catalog.format.version import METADATA
from catalog.local.data_file import system_error
from catalog.progress import Progress
from catalog.session.session import Session, WriteSession


def meet_remote(session: Session, options: Options, *, online: bool, progress: Progress) -> None:
    """Bring a working copy and its remote together, as the flag says.

    A remote that parted from the working copy is not followed; only flag ``n`` raises LineageError then.

    Raises DatabaseMismatchError, RemoteMissingError for a remote that is gone, and WrongTypeError for one of another type.
    """
    seen = session.seen
    if seen is not None:
        _check_type(seen, options, session.remote.where)
    if session.parted is not None:
        if options.flag == "n":
            raise session.parted
        return
    if options.flag == "n" and isinstance(session, WriteSession):
        _start_over(session, options)
        return
    if seen is None:
        if online and isinstance(session, WriteSession):
            refuse_part(session)
            if session.base is not None or session.state.uprooted:
                _meet_no_remote(session, options)
        return
    is_another = seen.head.database_uuid != session.copy.header.uuid
    follows = session.base is not None and seen.continues(session.base.stored)
    if is_another and not follows and (session.base is not None or session.table.count_edited()):
        _meet_another(session, online=online)
        return
    if online and (options.pull or session.base is None):
        _catch_up(session, progress)


def _meet_another(session: Session, *, online: bool) -> None:
    """Another database is in the remote than the one that the file holds values of."""
    if session.base is None:
        # Ours was never pushed: nothing of theirs is compared with it, offline above all.
        session.remember_seen(None)
        if not online:
            return
    raise DatabaseMismatchError(
        f"{session.copy.path} belongs to another database than {session.remote.where}.",
        hint="Give another file_path, or another db_key; flag='n' replaces the remote by a new database.",
    )


def _meet_no_remote(session: WriteSession, options: Options) -> None:
    if options.flag == "w":
        raise RemoteMissingError(
            f"{session.remote.where}: there is no database here any more.",
            hint="Check the address. To push what is local as a new database, open it with flag='c'.",
        )
    detach(session)


def _catch_up(session: Session, progress: Progress) -> None:
    """Build on the newest commit; a reader beside a writer does so for itself only."""
    seen = session.seen
    if seen is None or (seen.commit_id == session.base_id and session.state.unfinished_adoption is None):
        return
    with session.writing(progress) as writing:
        if writing is not None:
            finalize_attempts(writing)
            adopt(writing, progress)
            fast_forward(writing, progress)
            finish_adoption(writing)
    if writing is None:
        session.base = session.remote.snapshot(seen)


def _check_type(seen: StoredHead, options: Options, where: str) -> None:
    if options.flag != "n" and options.type is not None and seen.head.type != options.type:
        way = "with remote_conn_group=True" if seen.head.type == "group" else "without remote_conn_group"
        raise WrongTypeError(f"{where} is a {seen.head.type}, not a {options.type}.", hint=f"Open it {way}.")


def _start_over(session: WriteSession, options: Options) -> None:
    """Begin anew: empty here at once, in the remote with the next push. Unpushed changes are kept aside until then."""
    if session.table.count_edited():
        _copy_aside(session.copy.path)
    header = options.new_header()
    uuid = session.seen.head.database_uuid if session.seen is not None else uuid_module.UUID(int=0)
    session.writer.start_over(header.fresh(header.n_buckets, uuid if session.seen is not None else None), replacing=True)
    with session.state.transaction(durable=True):
        session.build_on(session.seen)
    if session.metadata() is not None:
        session.writer.delete(METADATA, microseconds(None))
        session.writer.sync()
    session.copy.data.reload()


def _copy_aside(path: Path) -> None:
    """Keep a copy of a booklet beside it, under a name of its own."""
    aside = aside_of(path, "unpushed")
    try:
        shutil.copyfile(path, aside)
    except OSError as error:
        raise system_error(error, aside, "keeping unpushed changes in") from None
