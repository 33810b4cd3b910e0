"""The public names of the package, all in one place; `catalog` brings them when the first one is used."""

from catalog.changes.change import Change, Direction, Kind, Version
from catalog.changes.changes import Changes, Summary
from catalog.changes.collect import Collected
from catalog.changes.expunge import Expunged
from catalog.changes.pull import PullResult
from catalog.changes.push import PushResult
from catalog.changes.resolve import Conflict, Merged
from catalog.codecs.json_text import read_json
from catalog.connection import S3Connection
from catalog.creation import NewDatabase, create_database, place_beside
from catalog.database import Database
from catalog.errors import (
    AccessDeniedError,
    BucketMissingError,
    CancelledError,
    CatalogError,
    ConflictError,
    CredentialsError,
    DatabaseMismatchError,
    EntryMissingError,
    FormatError,
    GoneError,
    IntegrityError,
    InvalidConnectionError,
    InvalidInputError,
    InvalidJsonError,
    InvalidKeyError,
    InvalidValueError,
    LeaseLostError,
    LocalFileError,
    LockTimeoutError,
    NotApprovedError,
    NotFoundError,
    ObjectMissingError,
    OutcomeUnknownError,
    PreconditionFailedError,
    ReadOnlyError,
    RemoteMissingError,
    StoreError,
    UnreachableError,
    UnsupportedFormatError,
    UntrustedValueError,
)
from catalog.exchange.exporting import Exported, export_file
from catalog.exchange.importing import ImportPlan, import_file, plan_import
from catalog.exchange.rows import FileFormat, InputOptions, OutputOptions
from catalog.groups.entry import Entry
from catalog.groups.group import ConnectionGroup
from catalog.key_info import KeyInfo, KeyState
from catalog.lease import LeaseHolder
from catalog.listing import KeyGroup
from catalog.local.sorted_keys import SortedKeys
from catalog.lock import read_holder
from catalog.objectstore.observed import Asked
from catalog.opening import open, open_ebooklet, open_rcg  # noqa: A004 - the names that ebooklet's users know
from catalog.plain_text import escape
from catalog.progress import Progress, Report
from catalog.registry import Catalog, GroupRecord
from catalog.remote.copy import CopyResult
from catalog.remote.head import Commit
from catalog.search import SearchIndex, SearchMatch, SearchResults
from catalog.status import RemoteSummary, State, Status, read_remote

__all__ = [
    "AccessDeniedError",
    "Asked",
    "BucketMissingError",
    "CancelledError",
    "Catalog",
    "CatalogError",
    "Change",
    "Changes",
    "Collected",
    "Commit",
    "Conflict",
    "ConflictError",
    "ConnectionGroup",
    "CopyResult",
    "CredentialsError",
    "Database",
    "DatabaseMismatchError",
    "Direction",
    "Entry",
    "EntryMissingError",
    "Exported",
    "Expunged",
    "FileFormat",
    "FormatError",
    "GoneError",
    "GroupRecord",
    "ImportPlan",
    "InputOptions",
    "IntegrityError",
    "InvalidConnectionError",
    "InvalidInputError",
    "InvalidJsonError",
    "InvalidKeyError",
    "InvalidValueError",
    "KeyGroup",
    "KeyInfo",
    "KeyState",
    "Kind",
    "LeaseHolder",
    "LeaseLostError",
    "LocalFileError",
    "LockTimeoutError",
    "Merged",
    "NewDatabase",
    "NotApprovedError",
    "NotFoundError",
    "ObjectMissingError",
    "OutcomeUnknownError",
    "OutputOptions",
    "PreconditionFailedError",
    "Progress",
    "PullResult",
    "PushResult",
    "ReadOnlyError",
    "RemoteMissingError",
    "RemoteSummary",
    "Report",
    "S3Connection",
    "SearchIndex",
    "SearchMatch",
    "SearchResults",
    "SortedKeys",
    "State",
    "Status",
    "StoreError",
    "Summary",
    "UnreachableError",
    "UnsupportedFormatError",
    "UntrustedValueError",
    "Version",
    "create_database",
    "escape",
    "export_file",
    "import_file",
    "open",
    "open_ebooklet",
    "open_rcg",
    "place_beside",
    "plan_import",
    "read_holder",
    "read_json",
    "read_remote",
]
