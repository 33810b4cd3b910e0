"""What no reader could use does not leave: it is decoded with the reader's own checks before it goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.errors import IntegrityError, InvalidInputError
from catalog.format.door import check_readable
from catalog.format.pack import PlannedValue, check_pack, plan_pack
from catalog.format.segment import Entry, encode_segment
from catalog.format.table import check_file, pack_segments


def test_a_file_of_the_index_is_read_before_it_goes() -> None:
    """One bit in it wrong, and it is an error that says that it cannot be written."""
    entry = Entry(1, b"\1" * 16, 0, 5, b"\2" * 8, pack_size=100)
    file = pack_segments([(encode_segment([("a", entry), ("b", entry)]), "")])
    check_file(file)
    body = bytearray(file.body)
    body[len(body) // 2] ^= 1
    with pytest.raises(InvalidInputError, match="cannot be written"):
        check_readable("This piece", lambda: check_file(replace(file, body=bytes(body))))


def test_a_pack_is_read_before_it_goes() -> None:
    """A timestamp that no reader takes is found in its directory."""
    check_pack(plan_pack([PlannedValue("a", 1, 0, 3, b"\1" * 8)]))
    with pytest.raises(IntegrityError):
        check_pack(plan_pack([PlannedValue("a", 1 << 60, 0, 3, b"\1" * 8)]))
