"""The formats that there are, and which one a path means."""

from __future__ import annotations

from pathlib import Path

from catalog.errors import InvalidInputError, LocalFileError
from catalog.exchange.csv_table import CsvTable
from catalog.exchange.folder import Folder
from catalog.exchange.json_lines import JsonLines
from catalog.exchange.parquet import Parquet, is_dataset
from catalog.exchange.rows import FileFormat, Format, Table

FOLDER = Folder()
TABLES: dict[FileFormat, Table] = {made.name: made for made in (CsvTable(), JsonLines(), Parquet())}
FORMATS: dict[FileFormat, Format] = {**TABLES, FOLDER.name: FOLDER}


def input_format(path: Path, name: str) -> Format:
    """The format of an input: the one that is named, or the one that its ending says.

    A folder is a folder of files, unless it is one table in many files of Parquet. Raises LocalFileError when there is nothing
    at the path.
    """
    if not path.exists():
        raise LocalFileError(f"There is no file or folder {path}.", path=str(path), hint="Check its name.")
    if path.is_dir() and (name == FileFormat.PARQUET or (not name and is_dataset(path))):
        return TABLES[FileFormat.PARQUET]
    chosen = FOLDER if path.is_dir() and not name else _format(path, name)
    if (chosen is FOLDER) != path.is_dir():
        if not name:
            raise InvalidInputError(
                f"The name of {path.name!a} has no ending that says its format.", hint="Say which with --format."
            )
        raise InvalidInputError(f"{path} is {'a folder' if path.is_dir() else 'no folder'}.", hint="Choose another format.")
    return chosen


def output_format(path: Path, name: str) -> Table | Folder:
    """The format of an output: the one that is named, or the one that its ending says; without ending, a folder of files."""
    chosen = _format(path, name).name
    return FOLDER if chosen is FileFormat.FOLDER else TABLES[chosen]


def _format(path: Path, name: str) -> Format:
    if name:
        if name not in FORMATS:
            raise InvalidInputError(f"There is no format {name!a}.", hint=f"There are {', '.join(FORMATS)}.")
        return FORMATS[FileFormat(name)]
    for made in FORMATS.values():
        if path.suffix.lower() in made.endings:
            return made
    known = ", ".join(ending for made in FORMATS.values() for ending in made.endings if ending)
    raise InvalidInputError(f"The ending of {path.name!a} says no format; known are {known}.", hint="Say which with --format.")
