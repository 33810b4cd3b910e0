"""The public names of the package, all in one place; `catalog` brings the module of each when it is first used."""

from .changes.change import Change, Direction, Kind
from .changes.changes import Changes, Summary
from .changes.collect import Collected
from .changes.drafts import Draft
from .changes.options import PushResult
from .changes.parting import WayOut
from .changes.pull import PullResult
from .changes.purge import Purged
from .changes.resolve import Conflict, Merged
from .codecs.json_text import read_json
from .connection import S3Connection
from .database.database import Database
from .errors import (
    AccessDeniedError,
    BucketMissingError,
    CancelledError,
    CatalogError,
    ConflictError,
    CredentialsError,
    DatabaseMismatchError,
    EbookletFormatError,
    EntryExistsError,
    EntryMissingError,
    ForkedError,
    FormatError,
    GoneError,
    IntegrityError,
    InvalidConnectionError,
    InvalidInputError,
    InvalidJsonError,
    InvalidKeyError,
    InvalidValueError,
    LeaseLostError,
    LineageError,
    LocalFileError,
    LockTimeoutError,
    NotApprovedError,
    NotFoundError,
    ObjectMissingError,
    OutcomeUnknownError,
    PreconditionFailedError,
    ReadOnlyError,
    RemoteMissingError,
    RemoteWentBackError,
    StoreError,
    UnreachableError,
    UnseenCommitsError,
    UnsupportedFormatError,
    UntrustedValueError,
    WrongProcessError,
    WrongTypeError,
)
from .exchange.exporting import Exported, export_file
from .exchange.importing import ImportPlan, import_file, plan_import
from .exchange.rows import FileFormat, InputOptions, OutputOptions
from .format.head import Commit
from .format.version import Version
from .groups.catalog import Catalog, GroupRecord
from .groups.create import NewDatabase, create_database, keep_database, place_beside
from .groups.entry import Entry
from .groups.group import ConnectionGroup
from .groups.open import open, open_ebooklet, open_rcg  # noqa: A004 - the names that ebooklet's users know
from .groups.search import SearchIndex, SearchMatch, SearchResults
from .groups.status import RemoteSummary, State, Status, read_remote
from .local.compact import Pruned
from .local.sorted_keys import SortedKeys
from .locking.breaking import read_holder
from .locking.lease import LeaseHolder
from .progress import Progress, Report
from .remote.copy import CopyResult
from .session.key_info import KeyInfo, KeyState
from .session.listing import KeyGroup
from .store.observed import Request
from .text import escape

__all__ = [
    "AccessDeniedError",
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
    "Draft",
    "EbookletFormatError",
    "Entry",
    "EntryExistsError",
    "EntryMissingError",
    "Exported",
    "FileFormat",
    "ForkedError",
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
    "LineageError",
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
    "Pruned",
    "PullResult",
    "Purged",
    "PushResult",
    "ReadOnlyError",
    "RemoteMissingError",
    "RemoteSummary",
    "RemoteWentBackError",
    "Report",
    "Request",
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
    "UnseenCommitsError",
    "UnsupportedFormatError",
    "UntrustedValueError",
    "Version",
    "WayOut",
    "WrongProcessError",
    "WrongTypeError",
    "create_database",
    "escape",
    "export_file",
    "import_file",
    "keep_database",
    "open",
    "open_ebooklet",
    "open_rcg",
    "place_beside",
    "plan_import",
    "read_holder",
    "read_json",
    "read_remote",
]
