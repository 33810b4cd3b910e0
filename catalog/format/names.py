"""The names of a database's objects in its bucket. A user's keys are never part of one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from catalog.errors import InvalidInputError

_FOLDERS = ("packs", "index", "tables", "commits", "log", "tags")
_BELOW = re.compile(r"(packs|index|tables|tags)/[0-9a-f]{32}|(commits|log)/[0-9]{10}-[0-9a-f]{32}")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"\\|?*%]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_LONGEST_COMPONENT = 200


@dataclass(frozen=True, slots=True)
class ObjectNames:
    """The names of everything that belongs to the database at ``db_key``: the head there, all else below a sibling prefix."""

    db_key: str

    @property
    def head(self) -> str:
        """The one mutable object, which names all others."""
        return self.db_key

    @property
    def lease(self) -> str:
        """The write lock."""
        return f"{self.db_key}.lock"

    @property
    def folder(self) -> str:
        """The prefix of all immutable objects of this database, and of no other's."""
        return f"{self.db_key}.d/"

    @property
    def packs(self) -> str:
        """The prefix of all packs."""
        return f"{self.folder}packs/"

    @property
    def index(self) -> str:
        """The prefix of all index files."""
        return f"{self.folder}index/"

    @property
    def tables(self) -> str:
        """The prefix of all tables."""
        return f"{self.folder}tables/"

    @property
    def commits(self) -> str:
        """The prefix of all commits."""
        return f"{self.folder}commits/"

    @property
    def log(self) -> str:
        """The prefix of the log's bundles."""
        return f"{self.folder}log/"

    @property
    def all_folders(self) -> tuple[str, ...]:
        """The prefixes of all kinds of immutable objects."""
        return tuple(f"{self.folder}{name}/" for name in _FOLDERS)

    def pack(self, pack_id: bytes) -> str:
        """The pack with this id."""
        return f"{self.packs}{pack_id.hex()}"

    def index_file(self, file_id: bytes) -> str:
        """The index file with this id."""
        return f"{self.index}{file_id.hex()}"

    def table(self, table_id: bytes) -> str:
        """The table with this id."""
        return f"{self.tables}{table_id.hex()}"

    def tags(self, tags_id: bytes) -> str:
        """The list of tags with this id."""
        return f"{self.folder}tags/{tags_id.hex()}"

    def commit(self, number: int, commit_id: str) -> str:
        """The copy of the head that commit ``number`` made."""
        return f"{self.commits}{number:010d}-{commit_id}"

    def bundle(self, last: int, bundle_id: bytes) -> str:
        """The bundle of the log that ends with commit ``last``."""
        return f"{self.log}{last:010d}-{bundle_id.hex()}"

    def is_ours(self, name: str) -> bool:
        """Whether an object's name is one of an immutable object of this database."""
        return name.startswith(self.folder) and _BELOW.fullmatch(name[len(self.folder) :]) is not None


def check_new_key(db_key: str) -> None:
    """Raise InvalidInputError for a key that no database of ours should be made at.

    Its objects must never be another database's, and its names must be the same in a bucket and on every file system. What is
    there already under such a key can be read.
    """
    for component in db_key.split("/"):
        if (problem := _problem(component)) is not None:
            raise InvalidInputError(
                f"No database can be made at {db_key!a}: {problem}.",
                hint="Use lower-case letters, digits, '-', '_', '.' and '/', such as 'data/rain.blt'.",
            )


def _problem(component: str) -> str | None:
    """Why a component of a key cannot be a file of this name everywhere, or None."""
    if component in ("", ".", ".."):
        return f"{component!a} is no part of a name"
    if component.endswith(".d") or ".lock" in component or component.startswith(".catalog-store"):
        return f"{component!a} is the name of a part of another database"
    if component != component.casefold():
        return "capital letters are lost on some file systems"
    if _UNSAFE.search(component) or not component.isprintable():
        return f"{component!a} has characters that some file systems do not keep"
    if any(unicodedata.normalize(form, component) != component for form in ("NFC", "NFD")):
        return "letters with accents are written differently by some file systems"
    if component[-1] in ". " or component[0] == " ":
        return f"{component!a} begins or ends with what some file systems leave out"
    if _DEVICES.fullmatch(component):
        return f"{component!a} is a device on Windows"
    if len(component.encode()) > _LONGEST_COMPONENT:
        return f"a part of it is longer than {_LONGEST_COMPONENT} bytes"
    return None
