"""The schema of the sidecar: making it, and bringing one of an earlier version forward in place."""

from __future__ import annotations

import sqlite3
from hashlib import blake2b

import msgspec

SCHEMA_VERSION = 4

_PREVIEW = b'{"format":100,'
"""How a head of the preview's format begins, which no program reads any more."""

_SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE local (
    key TEXT PRIMARY KEY,
    status INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    edit INTEGER NOT NULL,
    base BLOB,
    by_content INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX edited ON local (key) WHERE status IN (1, 2);
CREATE INDEX leaving ON local (key) WHERE status = 3;
CREATE INDEX by_content ON local (key) WHERE by_content = 1;
CREATE TABLE segment (id TEXT PRIMARY KEY, body BLOB NOT NULL, used INTEGER NOT NULL);
CREATE TABLE fetched (
    pack BLOB NOT NULL, offset INTEGER NOT NULL, value BLOB NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (pack, offset)
);
CREATE TABLE uploaded (pack BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO state VALUES ('generation', 1);
"""
_MARKS = "CREATE TABLE mark (seq INTEGER PRIMARY KEY, mark BLOB NOT NULL UNIQUE, number INTEGER, commit_id TEXT)"


_TABLES = frozenset(("state", "local", "segment", "fetched", "uploaded", "mark"))


def foreign_object(connection: sqlite3.Connection) -> str | None:
    """The name of something in a sidecar that no version of ours has put there, if there is one.

    A view or a trigger of a stranger's would run at our queries; a virtual or generated table would give what it likes.
    """
    found = connection.execute("SELECT type, name, tbl_name, rootpage FROM sqlite_schema").fetchall()
    for kind, name, table, page in found:
        if kind not in ("table", "index") or not page or (table not in _TABLES and not table.startswith("sqlite_stat")):
            return f"the {kind} {name!a:.100}"
    for table in _TABLES:
        if any(hidden for *_, hidden in connection.execute(f"PRAGMA table_xinfo({table})")):
            return f"the table {table!a}"
    return None


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of a new sidecar; within the caller's transaction."""
    for statement in (*_SCHEMA.split(";"), _MARKS):
        connection.execute(statement)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a sidecar of an earlier version forward, edits and deletions kept; within the caller's transaction."""
    if version == 1:
        _metadata_become_a_row(connection)
    if version < 3:
        # Version 2 knew of no edit whether it was one by its time or by its content.
        connection.execute("ALTER TABLE local ADD COLUMN by_content INTEGER NOT NULL DEFAULT 0")
        connection.execute("CREATE INDEX by_content ON local (key) WHERE by_content = 1")
    # Version 3 left no mark in the booklet.
    connection.execute(_MARKS)
    _forget_commits_of_the_preview(connection)


def _forget_commits_of_the_preview(connection: sqlite3.Connection) -> None:
    """What was built on a commit that nobody can read any more is built on none: what is held here, edited and deleted stays."""
    heads = connection.execute("SELECT value FROM state WHERE name IN ('base', 'seen')").fetchall()
    if not any(isinstance(head, bytes) and head.startswith(_PREVIEW) for (head,) in heads):
        return
    gone = ("base", "base_etag", "base_id", "seen", "seen_etag", "drafts", "attempts")
    connection.executemany("DELETE FROM state WHERE name = ?", ((name,) for name in gone))
    for table in ("segment", "fetched", "uploaded"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    connection.execute("INSERT OR REPLACE INTO state VALUES ('uprooted', 1)")


def _metadata_become_a_row(connection: sqlite3.Connection) -> None:
    """Version 1 kept the user's metadata as facts of their own. Where they lie in the booklet is found by the next comparison."""
    facts = dict(connection.execute("SELECT name, value FROM state WHERE name LIKE 'metadata%'"))
    value, moment = facts.get("metadata"), facts.get("metadata_time") or 0
    edited = facts.get("metadata_edited") is not None
    in_file = facts.get("metadata_mark") is not None
    if value is not None and (edited or in_file):
        digest = blake2b(value, digest_size=8).digest()
        _insert(connection, 1 if edited else 0, moment, len(value), digest, _base(facts.get("metadata_conflict")))
    elif edited:
        _insert(connection, 2, moment, 0, bytes(8), _base(facts.get("metadata_conflict")))
    connection.execute("DELETE FROM state WHERE name LIKE 'metadata%' OR name IN ('fingerprint', 'fetched_bytes')")
    # A copy that was cut short is found by its name, which derives from the booklet's.
    connection.execute("UPDATE state SET value = 1 WHERE name = 'compacting'")
    connection.execute("INSERT INTO state VALUES ('generation', 1)")


def _insert(connection: sqlite3.Connection, status: int, moment: int, length: int, digest: bytes, base: bytes | None) -> None:
    row = connection.execute("SELECT value FROM state WHERE name = 'last_edit'").fetchone()
    edit = (row[0] if row else 0) + 1 if status else 0
    if edit:
        connection.execute("INSERT OR REPLACE INTO state VALUES ('last_edit', ?)", (edit,))
    connection.execute(
        "INSERT OR REPLACE INTO local VALUES ('', ?, ?, 0, ?, ?, ?, ?)", (status, moment, length, digest, edit, base)
    )


def _base(packed: bytes | None) -> bytes | None:
    """What a conflict was based on, as rows keep it: of version 1, a time of eight bytes and the value, or one zero byte."""
    if packed is None:
        return None
    if len(packed) <= 8:
        return msgspec.msgpack.encode((0, b"", 0, 0, b"", None))
    value = packed[8:]
    digest = blake2b(value, digest_size=8).digest()
    return msgspec.msgpack.encode((int.from_bytes(packed[:8], "little"), b"", 0, len(value), digest, value))
