"""An entry of a group: one database, where it lives and what is said of it.

The stored form is ebooklet's frozen entry version 1, with a further field ``catalog`` of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.connection import STORED_FIELDS, S3Connection
from catalog.ebooklet_format.identity import name_of_type
from catalog.errors import IntegrityError, InvalidConnectionError
from catalog.format.head import KINDS, StoredHead

_CREDENTIALS = frozenset(("access_key_id", "access_key", "secret_access_key", "session_token"))
MOST_BYTES = 1 << 20
"""An entry of more bytes is not read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One database of a group. ``key`` is its uuid in hex, or what a copy was added as; totals and commit are of when it was."""

    key: str
    name: str
    description: str
    tags: tuple[str, ...]
    owner: str
    connection: S3Connection
    type: str
    timestamp: int
    user_meta: Any
    remote_meta: Any
    keys: int
    value_bytes: int
    commit_number: int
    left_out: tuple[str, ...] = ()
    """Fields of the stored form that no entry has, such as an access key: they are read by nobody, and kept on nowhere."""

    @property
    def profile(self) -> str | None:
        """The name of the credentials that its owner uses."""
        return self.connection.profile


class _Ours(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    name: str = Field(default="", max_length=1000)
    description: str = Field(default="", max_length=100_000)
    tags: tuple[str, ...] = Field(default=(), max_length=1000)
    owner: str = Field(default="", max_length=1000)
    profile: str | None = None
    region: str | None = None
    anonymous: bool = False
    keys: int = Field(default=0, ge=0)
    value_bytes: int = Field(default=0, ge=0)
    commit: int = Field(default=0, ge=0)


def describe(
    connection: S3Connection,
    head: StoredHead,
    metadata: bytes | None,
    *,
    name: str,
    description: str,
    tags: tuple[str, ...],
    owner: str,
    user_meta: Any,
) -> dict[str, Any]:
    """The stored form of an entry; no secret is in it."""
    return {
        "entry_version": 1,
        "type": name_of_type(head.head.type) if head.head.from_ebooklet else KINDS[head.head.type],
        "timestamp": head.head.time,
        "remote_meta": orjson.loads(metadata) if metadata is not None else None,
        "user_meta": user_meta,
        "remote_conn": connection.to_dict(),
        "catalog": {
            "name": name,
            "description": description,
            "tags": list(tags),
            "owner": owner,
            "profile": connection.profile,
            "region": connection.region,
            "anonymous": connection.anonymous,
            "keys": head.head.keys,
            "value_bytes": head.head.value_bytes,
            "commit": head.head.number,
        },
    }


def foreign_fields(stored: Mapping[str, Any]) -> tuple[str, ...]:
    """What a stored entry holds that does not belong into one, as ``remote_conn.access_key``: the names only."""
    found = [f"remote_conn.{name}" for name in _inner(stored, "remote_conn") if name not in STORED_FIELDS]
    found += [f"catalog.{name}" for name in _inner(stored, "catalog") if name in _CREDENTIALS]
    return tuple(found + [name for name in stored if name in _CREDENTIALS])


def without_foreign_fields(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored entry without what does not belong into one."""
    kept = {name: value for name, value in stored.items() if name not in _CREDENTIALS}
    kept["remote_conn"] = {name: value for name, value in _inner(stored, "remote_conn").items() if name in STORED_FIELDS}
    if "catalog" in kept:
        kept["catalog"] = {name: value for name, value in _inner(stored, "catalog").items() if name not in _CREDENTIALS}
    return kept


def _inner(stored: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = stored.get(name)
    return inner if isinstance(inner, Mapping) else {}


def read_entry(key: str, stored: Any) -> Entry:
    """Understand a stored entry, which anyone may have written; IntegrityError when it cannot be used."""
    if not isinstance(stored, Mapping) or not isinstance(stored.get("remote_conn"), Mapping):
        raise IntegrityError(f"The group entry {key!a} describes no connection.", key=key, hint="Remove it, or add it again.")
    try:
        ours = _Ours.model_validate(stored.get("catalog") or {})
        parameters = {name: stored["remote_conn"].get(name) for name in STORED_FIELDS}
        connection = S3Connection(**parameters, profile=ours.profile, region=ours.region, anonymous=ours.anonymous)
    except (ValidationError, InvalidConnectionError) as error:
        said = error.message if isinstance(error, InvalidConnectionError) else "its description is malformed"
        raise IntegrityError(
            f"The group entry {key!a} cannot be used: {said}", key=key, hint="Remove it, or add it again."
        ) from None
    timestamp = stored.get("timestamp")
    name = ours.name or (connection.db_key or connection.db_url or key).rpartition("/")[2]
    return Entry(
        key=key,
        name=name,
        description=ours.description,
        tags=ours.tags,
        owner=ours.owner,
        connection=connection,
        type=str(stored.get("type", ""))[:100],
        timestamp=timestamp if isinstance(timestamp, int) else 0,
        user_meta=stored.get("user_meta"),
        remote_meta=stored.get("remote_meta"),
        keys=ours.keys,
        value_bytes=ours.value_bytes,
        commit_number=ours.commit,
        left_out=foreign_fields(stored),
    )
