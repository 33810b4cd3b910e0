"""The forms of managing: their fields, and what is made of what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from catalog import (
    Catalog,
    Entry,
    FileFormat,
    GroupRecord,
    InputOptions,
    InvalidConnectionError,
    NewDatabase,
    OutputOptions,
    Progress,
    S3Connection,
    place_beside,
)
from tui.opened import Opened

from . import library as works
from .library import Described

Values = Mapping[str, str]
Work = Callable[[Progress], object]

_FORMATS = tuple(FileFormat)
_SERIALIZERS = ("orjson", "str", "bytes")


class FormError(Exception):
    """What was typed into a field cannot be used."""

    def __init__(self, field: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.field, self.message, self.hint = field, message, hint


@dataclass(frozen=True)
class Field:
    """One line of a form. ``choices`` are completed as one types, paths where ``is_path``; a spare one may stay empty."""

    id: str
    label: str
    value: str = ""
    placeholder: str = ""
    choices: tuple[str, ...] = ()
    is_path: bool = False
    is_spare: bool = False


@dataclass(frozen=True)
class Form:
    """A form: ``submit`` makes the work of what was typed, or raises FormError; ``test`` and ``anyway`` are further buttons.

    ``anyway`` is offered after the work has failed. ``note`` is shown until there is something else to say.
    """

    title: str
    fields: tuple[Field, ...]
    note: str
    go_on: str
    submit: Callable[[Values], Work]
    test: Callable[[Values], Work] | None = None
    anyway: Callable[[Values], Work] | None = None


def _place_fields(connection: S3Connection | None, key: str = "", key_label: str = "Key") -> tuple[Field, ...]:
    at = connection
    return (
        Field("endpoint", "Endpoint", (at and at.endpoint_url) or "", "https://… or file:///folder; empty for AWS"),
        Field("bucket", "Bucket", (at and at.bucket) or "", "the bucket; none for a folder", is_spare=bool(at and at.is_folder)),
        Field("key", key_label, key, "its name in the bucket, such as weather/rain"),
        Field("profile", "Profile", (at and at.profile) or "", "the name of your keys; empty for the default"),
    )


_ADDRESS = Field("url", "Or address", "", "https://… of a public one, to read only")


_TYPED_AS = {
    "endpoint_url": ("endpoint", "endpoint"),
    "bucket": ("bucket", "bucket"),
    "db_key": ("key", "key"),
    "profile": ("profile", "profile"),
    "db_url": ("url", "address"),
}
"""The field of each parameter of a connection, and what it is called there."""


_OPTION = re.compile(r"--(key|format|encoding|delimiter|nan|excel-safe)(?: null)?|nan=\"null\"")
_LABELS = {
    "key": "Key column",
    "format": "Format",
    "encoding": "Encoding",
    "delimiter": "Delimiter",
    "nan": "Not a number",
    "excel-safe": "For Excel",
}


def in_words_of_the_form(hint: str) -> str:
    """A hint about files that names options of the command line, with the fields that stand for them."""
    return _OPTION.sub(lambda found: f"“{_LABELS[found[1] or 'nan']}”", hint).replace(", or say --overwrite", "")


def connection_of(values: Values) -> S3Connection:
    """The connection that was typed; FormError says in which field it is wrong."""
    typed = {name: values.get(name, "").strip() or None for name in ("endpoint", "bucket", "key", "profile", "url")}
    if typed["key"] is None and typed["url"] is None:
        raise FormError("key", "A place has a key, or a public address.", "The key is the name of the database in its bucket.")
    if typed["key"] is not None and typed["bucket"] is None and not (typed["endpoint"] or "").startswith("file:"):
        raise FormError("bucket", "A key is in a bucket.", "For a folder, give an endpoint of the form file:///folder.")
    try:
        return S3Connection(
            db_key=typed["key"],
            bucket=typed["bucket"],
            endpoint_url=typed["endpoint"],
            db_url=typed["url"],
            profile=typed["profile"],
        )
    except InvalidConnectionError as error:
        named = [name for name in _TYPED_AS if f"{name}: " in error.message]
        words = error.message
        for name in named:
            words = words.replace(f"{name}: ", f"the {_TYPED_AS[name][1]} ")
        raise FormError(_TYPED_AS[named[0]][0] if named else "key", words, error.hint) from None


def tags_of(text: str) -> tuple[str, ...]:
    """Tags that were typed with commas or spaces between them."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _name_of(values: Values) -> str:
    name = values["name"].strip()
    if not name:
        raise FormError("name", "It needs a name.", "What colleagues would call it.")
    return name


def _described(values: Values, name: str) -> Described:
    return Described(name, values["description"].strip(), tags_of(values["tags"]), values.get("owner", "").strip())


def _path_of(values: Values, *, required: bool = True) -> Path | None:
    text = values["path"].strip()
    if not text and required:
        raise FormError("path", "Say which file or folder.")
    return Path(text).expanduser().absolute() if text else None


def _file_format(values: Values) -> str:
    chosen = values["format"].strip().lower()
    if chosen and chosen not in _FORMATS:
        raise FormError("format", f"There is no format {chosen!a}.", f"There are {', '.join(_FORMATS)}.")
    return chosen


_READ_FIELDS = (
    Field("columns", "Key column", "", "key, or others with commas: station, date"),
    Field("format", "Format", "", "by the ending; else csv, jsonl, parquet, folder", _FORMATS),
    Field("encoding", "Encoding", "utf-8", "utf-8, latin-1, utf-16…"),
    Field("delimiter", "Delimiter", "", "of CSV: a comma, ; or tab"),
    Field("nan", "Not a number", "refuse", "refuse, or null: what JSON cannot say becomes null", ("refuse", "null")),
)


def _input_options(values: Values) -> InputOptions:
    columns = tuple(name.strip() for name in values["columns"].split(",") if name.strip())
    chosen, encoding = values["nan"].strip().lower() or "refuse", values["encoding"].strip() or "utf-8"
    nan: Literal["refuse", "null"] = "null" if chosen == "null" else "refuse"
    if chosen != nan:
        raise FormError(
            "nan", f"Not a number is refused, or null, not {chosen!a}.", "JSON has no word for NaN and the infinities."
        )
    return InputOptions(_file_format(values), columns, encoding, values["delimiter"].strip(), nan=nan)


def group_form(catalog: Catalog) -> Form:
    """Add a group of this machine, or one that others share."""

    def place(values: Values) -> S3Connection | None:
        named = any(values[name].strip() for name in ("endpoint", "bucket", "key", "profile", "url"))
        return connection_of(values) if named else None

    def add(values: Values, *, ask: bool) -> Work:
        name, connection = _name_of(values), place(values)
        return lambda _: works.add_group(catalog, name, connection, ask=ask)

    def test(values: Values) -> Work:
        connection = connection_of(values)
        return lambda _: works.test_place(catalog, connection)

    return Form(
        "Add a group",
        (Field("name", "Name", "", "what it is called here"), *_place_fields(None), _ADDRESS),
        "With a name only, the group lives on this machine. With a place it is shared: its place is tested before it is added.",
        "Add",
        partial(add, ask=True),
        test,
        partial(add, ask=False),
    )


def database_form(catalog: Catalog, group: GroupRecord) -> Form:
    """Add a database that has a remote to a group."""

    def add(values: Values) -> Work:
        connection = connection_of(values)
        said = _described(values, values["name"].strip())
        return lambda _: works.add_database(catalog, group.name, connection, said)

    def test(values: Values) -> Work:
        connection = connection_of(values)
        return lambda _: works.test_place(catalog, connection)

    home = group.connection
    return Form(
        f"Add a database to {group.name}",
        (
            *_place_fields(None if home.is_address_only else home),
            _ADDRESS,
            Field("name", "Name", "", "the last part of its key, if empty"),
            Field("description", "Description", "", "what is in it"),
            Field("tags", "Tags", "", "words with spaces between"),
        ),
        "Its place is asked before it is added; no key pair is written into the group.",
        "Add",
        add,
        test,
    )


def describe_form(catalog: Catalog, group: str, entry: Entry) -> Form:
    """Change what a group says of a database."""

    def save(values: Values) -> Work:
        said = _described(values, _name_of(values))
        return lambda _: works.describe_database(catalog, group, entry, said)

    return Form(
        f"Describe {entry.name}",
        (
            Field("name", "Name", entry.name),
            Field("description", "Description", entry.description, "what is in it"),
            Field("tags", "Tags", " ".join(entry.tags), "words with spaces between"),
            Field("owner", "Owner", entry.owner, "who to ask about it"),
        ),
        f"This is what {group} says; S shares it with those who have the group. The data is not touched.",
        "Save",
        save,
    )


def new_form(catalog: Catalog, group: GroupRecord) -> Form:
    """Make a database, empty or of files."""
    home = group.connection

    def check(values: Values) -> Work:
        path = _path_of(values, required=False)
        name = values["name"].strip() or (path.stem if path else "")
        if not name:
            raise FormError("name", "It needs a name.", "What colleagues would call it.")
        key = values["key"].strip()
        beside = None if key else place_beside(group, name)
        typed = {**values, "key": key or (beside.db_key if beside and beside.db_key else "")}
        serializer = values["serializer"].strip() or ("bytes" if path and path.is_dir() else "orjson")
        if serializer not in _SERIALIZERS:
            raise FormError(
                "serializer", f"Values are orjson, str or bytes, not {serializer!a}.", "orjson suits all that is JSON."
            )
        said = f"From {path.name}" if path else ""
        wanted = NewDatabase(
            group.name,
            name,
            connection_of(typed),
            serializer,
            description=values["description"].strip(),
            tags=tags_of(values["tags"]),
            message=said,
        )
        options = _input_options(values)
        return lambda progress: works.check_new(catalog, wanted, path, options, progress)

    return Form(
        f"Make a database in {group.name}",
        (
            Field("path", "Files", "", "a CSV, JSON lines or Parquet file, a folder; none for an empty one", is_path=True),
            *_READ_FIELDS,
            Field("name", "Name", "", "that of the file, if empty"),
            Field("serializer", "Values", "", "orjson (JSON), str or bytes", _SERIALIZERS),
            *_place_fields(None if home.is_address_only else home, key_label="Key"),
            Field("description", "Description", "", "what is in it"),
            Field("tags", "Tags", "", "words with spaces between"),
        ),
        "The files are checked from end to end first, then you are asked. Without a key it lies beside its group.",
        "Check",
        check,
    )


def import_form(check_file: Callable[[Path, InputOptions, Progress], object], name: str) -> Form:
    """Bring files into a database."""

    def check(values: Values) -> Work:
        path, options = _path_of(values), _input_options(values)
        assert path is not None
        return lambda progress: check_file(path, options, progress)

    return Form(
        f"Import into {name}",
        (Field("path", "Files", "", "a CSV, JSON lines or Parquet file, or a folder", is_path=True), *_READ_FIELDS),
        "The files are checked from end to end first, then you are asked. What is imported are changes; nothing is pushed.",
        "Check",
        check,
    )


@dataclass(frozen=True)
class ExportPlan:
    """Where to write a database."""

    path: Path
    options: OutputOptions


def export_form(opened: Opened) -> Form:
    """Write a database to files."""

    def check(values: Values) -> Work:
        path = _path_of(values)
        assert path is not None
        safe = values["safe"].strip().lower() or "no"
        if safe not in {"yes", "no"}:
            raise FormError("safe", f"This is yes or no, not {safe!a}.", "A spreadsheet runs what it takes for a formula.")
        column = values["column"].strip() or "key"
        options = OutputOptions(_file_format(values), column, values["prefix"], excel_safe=safe == "yes")
        if path.is_file():
            raise FormError("path", f"{path} is there already.", "Choose another name: nothing is replaced.")
        return lambda _: ExportPlan(path, options)

    return Form(
        f"Export {opened.entry.name}",
        (
            Field("path", "To", "", "rain.csv, rain.jsonl, rain.parquet, or a new folder", is_path=True),
            Field("format", "Format", "", "by the ending; else csv, jsonl, parquet, folder", _FORMATS),
            Field("prefix", "Only keys", "", "that begin with this"),
            Field("column", "Key column", "key", "the name of the column of the keys"),
            Field("safe", "For Excel", "no", "yes: text in CSV that looks like a formula gets an apostrophe", ("yes", "no")),
        ),
        "JSON lines keep all that is JSON, a folder keeps the stored bytes, CSV and Parquet make a table of the fields.",
        "Export",
        check,
    )


def copy_form(catalog: Catalog, opened: Opened) -> Form:
    """Copy a remote to another place."""

    def check(values: Values) -> Work:
        target = connection_of(values)
        return lambda _: works.check_copy(catalog, opened, target)

    def test(values: Values) -> Work:
        target = connection_of(values)
        return lambda _: works.test_place(catalog, target)

    source = opened.entry.connection
    return Form(
        f"Copy the remote of {opened.entry.name}",
        _place_fields(None if source.is_address_only else source, f"{source.db_key}-copy" if source.db_key else ""),
        "The copy has the whole history. Where the service can, it copies by itself; else the objects go through this machine.",
        "Check",
        check,
        test,
    )
