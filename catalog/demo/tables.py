"""The demo's data files: compressed JSON objects of columns, named and sourced in data/SOURCES.md."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any

import orjson
import zstandard

_LARGEST = 32 << 20


def read_table(name: str) -> dict[str, list[Any]]:
    """The columns of the data file ``name``."""
    packed = (resources.files(__package__) / "data" / f"{name}.json.zst").read_bytes()
    columns: dict[str, list[Any]] = orjson.loads(zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST))
    return columns


def read_rows(name: str) -> Iterator[tuple[Any, ...]]:
    """The rows of the data file ``name``, each a tuple in the order of its columns."""
    return zip(*read_table(name).values(), strict=True)
