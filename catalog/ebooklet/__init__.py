"""A drop-in for the package ebooklet 0.5 to 0.11: ``import catalog.ebooklet as ebooklet``, and leave a program as it is.

Databases that it makes are in our format; those that ebooklet made are read. What differs is in docs/coming-from-ebooklet.md.
"""

from catalog.ebooklet.connection import RemoteSession, S3Connection
from catalog.ebooklet.database import Change, Changes, EVariableLengthValue, PushResult, RemoteConnGroup
from catalog.ebooklet.errors import (
    ConcurrentCompactionError,
    ConflictError,
    Error,
    GroupTooLargeError,
    LockLostError,
    OfflineError,
    PushInProgressError,
    ReadOnlyError,
    RemoteIntegrityError,
    RemoteMissingError,
    UnsupportedFormatError,
    UUIDMismatchError,
)
from catalog.ebooklet.fsck import FsckReport, fsck
from catalog.ebooklet.opening import DEFAULT_GROUP_BYTES, open, open_ebooklet, open_rcg  # noqa: A004 - its name in ebooklet

__all__ = [
    "DEFAULT_GROUP_BYTES",
    "Change",
    "Changes",
    "ConcurrentCompactionError",
    "ConflictError",
    "EVariableLengthValue",
    "Error",
    "FsckReport",
    "GroupTooLargeError",
    "LockLostError",
    "OfflineError",
    "PushInProgressError",
    "PushResult",
    "ReadOnlyError",
    "RemoteConnGroup",
    "RemoteIntegrityError",
    "RemoteMissingError",
    "RemoteSession",
    "S3Connection",
    "UUIDMismatchError",
    "UnsupportedFormatError",
    "fsck",
    "open",
    "open_ebooklet",
    "open_rcg",
]
