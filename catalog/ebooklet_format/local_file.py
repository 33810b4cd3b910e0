"""What ebooklet notes in and beside a local file: unpushed changes, and the state of the remote that they are based on."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from catalog.ebooklet_format.payload import UserMetadata, decode_metadata
from catalog.errors import IntegrityError

_MOST_KEYS = 10_000_000
_Keys = Annotated[list[str], msgspec.Meta(max_length=_MOST_KEYS)]


class Journal(msgspec.Struct, frozen=True):
    """What ebooklet 0.10 and later noted of changes that were not pushed."""

    written: _Keys = msgspec.field(default_factory=list)
    deletes: _Keys = msgspec.field(default_factory=list)
    replace_pending: bool = False
    meta_pending: bool = False


@dataclass(frozen=True, slots=True)
class RemoteState:
    """What ebooklet 0.10 and later noted of the commit that its index is of: its time (µs), and the user's metadata."""

    timestamp: int
    metadata: UserMetadata | None


class _StoredState(msgspec.Struct):
    remote_ts: Annotated[int, msgspec.Meta(ge=0, lt=1 << 56)] | None = None
    meta_section: str | None = None


def index_path(path: Path) -> Path:
    """Where ebooklet keeps the index of the remote of a local file."""
    return path.with_name(path.name + ".remote_index")


def decode_journal(raw: bytes, what: str) -> Journal:
    """Understand the journal of a local file; IntegrityError, which names ``what``, when it is damaged."""
    try:
        return msgspec.json.decode(raw, type=Journal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{what}: ebooklet's journal in it is damaged: {error}.") from None


def decode_remote_state(raw: bytes, what: str) -> RemoteState:
    """Understand what is noted of the remote; IntegrityError, which names ``what``, when it is damaged."""
    try:
        found = msgspec.json.decode(raw, type=_StoredState)
        metadata = base64.b64decode(found.meta_section or "", validate=True)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, binascii.Error, ValueError) as error:
        raise IntegrityError(f"{what}: what ebooklet noted of its remote is damaged: {error}.") from None
    return RemoteState(found.remote_ts or 0, decode_metadata(metadata, what))
