"""Values become bytes and come back; a stranger's bytes become a value or a typed error."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import booklet
import numpy as np
import orjson
import pytest
import zstandard
from booklet import serializers as booklet_serializers

from catalog.codecs import codec as serializers
from catalog.codecs.codec import check_serializer, codec_of, decompress
from catalog.errors import (
    FormatError,
    IntegrityError,
    InvalidInputError,
    InvalidValueError,
    UnsupportedFormatError,
    UntrustedValueError,
)

CODES: dict[Any, int] = booklet_serializers.serial_name_dict
ROW = {"id": 1, "name": "é", "tags": ["a", None]}
# those whose library is not installed everywhere are tested without it
EXAMPLES: dict[Any, Any] = {
    **dict.fromkeys((None, "bytes", "zstd"), b"\x00\xff"),
    "str": "é\0",
    **dict.fromkeys(("pickle", "pickle_zstd", "json", "orjson", "orjson_zstd"), ROW),
    **{f"{sign}{size}": 100 for sign in ("uint", "int") for size in (1, 2, 4, 5, 8)},
    **{f"numpy_int{size}": np.arange(-3, 3, dtype=f"i{size}") for size in (1, 2, 4, 8)},
    **{f"numpy_int{size}_zstd": np.arange(-3, 3, dtype=f"i{size}") for size in (2, 4, 8)},
}
ELSEWHERE = ("pd_zstd", "gpd_zstd", "wkb", "wkb_zstd", "msgpack", "msgpack_zstd")


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("name", EXAMPLES, ids=str)
def test_values_come_back(name: Any, trusted: bool) -> None:
    """Each serializer reads back what it wrote, and what booklet wrote, trusted or not."""
    codec = codec_of(CODES[name], trusted=trusted)
    raw = codec.encode(EXAMPLES[name])

    assert raw == booklet_serializers.serial_dict[name].dumps(EXAMPLES[name])
    np.testing.assert_equal(codec.decode(raw), EXAMPLES[name])


def test_every_serializer_of_booklet_is_known() -> None:
    """No serializer of this booklet is left out of these tests."""
    assert {*EXAMPLES, *ELSEWHERE} == set(booklet.available_serializers) == set(CODES)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_serializer_without_its_library_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a serializer's library is missing, the error names it, for reading and for writing."""
    for library in ("pd", "gpd", "shapely", "msgpack"):
        monkeypatch.delattr(booklet_serializers, library, raising=False)
    codec = codec_of(CODES[name])

    with pytest.raises(UnsupportedFormatError, match=r"needs a library.*Install"):
        codec.decode(zstandard.compress(b"x"))
    with pytest.raises((UnsupportedFormatError, InvalidValueError)):
        codec.encode(ROW)


@pytest.mark.parametrize("name", EXAMPLES, ids=str)
def test_damaged_values_give_a_typed_error_or_a_value(name: Any) -> None:
    """No flipped bit and no truncation makes a decoder raise anything else than a FormatError."""
    codec = codec_of(CODES[name])
    raw = codec.encode(EXAMPLES[name])
    spoiled = [raw[:length] for length in range(len(raw))]
    spoiled += [raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :] for at in range(len(raw)) for bit in range(8)]

    for piece in [*spoiled, b"", b"\xff" * 40]:
        try:
            codec.decode(piece)
        except FormatError:
            continue


@pytest.mark.parametrize("name", ["pickle", "pickle_zstd"])
def test_pickles_of_strangers_are_restricted(name: str) -> None:
    """A pickle that calls something is refused, compressed or not, unless the database is trusted."""

    class Hostile:
        def __reduce__(self) -> Any:
            return (str.upper, ("ran",))

    raw = booklet_serializers.serial_dict[name].dumps(Hostile())

    with pytest.raises(UntrustedValueError):
        codec_of(CODES[name]).decode(raw)
    assert codec_of(CODES[name], trusted=True).decode(raw) == "RAN"


@pytest.mark.parametrize("name", ["zstd", "pickle_zstd", "orjson_zstd", "numpy_int8_zstd"])
def test_compressed_bombs_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that would be too large is not decompressed, whether its header says so or not."""
    monkeypatch.setattr(serializers, "MOST_DECOMPRESSED", 1 << 20)
    large = bytes((1 << 20) + 8)
    compressor = zstandard.ZstdCompressor(write_content_size=False)

    for bomb in (zstandard.compress(large), compressor.compress(large)):
        with pytest.raises(IntegrityError):
            codec_of(CODES[name]).decode(bomb)


@pytest.mark.parametrize(
    ("name", "start", "piece", "times", "end"),
    [
        ("orjson_zstd", b"[", b"[],", 12_000_000, b"[]]"),
        ("pickle_zstd", b"(", b"]", 4_100_000, b"l."),
        ("zstd", b"", b"\0", 300 << 20, b""),
        ("msgpack_zstd", b"\xdd\x01\x40\x00\x00", b"\x90", 20 << 20, b""),
    ],
)
def test_a_short_value_cannot_fill_the_memory(name: str, start: bytes, piece: bytes, times: int, end: bytes) -> None:
    """A few kilobytes that decompress to hundreds of megabytes, or to millions of objects, are refused with what to do."""
    bomb = start + piece * times + end

    with pytest.raises(FormatError) as refused:
        codec_of(CODES[name]).decode(zstandard.compress(bomb))

    assert "trust=True" in refused.value.hint


def test_large_values_that_compress_as_real_ones_do_are_read() -> None:
    """A table of a million rows in JSON and a mask of 25 million zeros come back."""
    rows = orjson.dumps([{"id": number, "name": f"row {number}"} for number in range(1_000_000)])
    mask = np.zeros((5_000, 5_000), "u1")

    assert len(codec_of(CODES["orjson_zstd"]).decode(zstandard.compress(rows))) == 1_000_000
    assert codec_of(CODES["pickle_zstd"]).decode(zstandard.compress(pickle.dumps(mask))).shape == mask.shape


def test_a_vast_claim_is_refused_before_anything_is_read() -> None:
    """A frame whose header claims 16 EiB is refused by its claim."""
    frame = b"\x28\xb5\x2f\xfd" + bytes([0b11100000]) + b"\xf0" + b"\xff" * 7 + b"\x01\x00\x00"

    with pytest.raises(IntegrityError):
        decompress(frame)


def test_unknown_sizes_are_read() -> None:
    """What was compressed in a stream, without its size, is read too."""
    assert decompress(zstandard.ZstdCompressor(write_content_size=False).compress(b"abc" * 1000)) == b"abc" * 1000


def test_deep_json_is_an_error() -> None:
    """JSON nested without end is an IntegrityError of the value."""
    for name in ("json", "orjson"):
        with pytest.raises(IntegrityError):
            codec_of(CODES[name]).decode(b"[" * 200_000)


def test_values_that_do_not_fit_are_refused() -> None:
    """What a serializer cannot write is an InvalidValueError that names it, and nothing is stored."""
    for name, value in [("str", 5), ("orjson", object()), ("json", {1, 2}), ("uint1", 300), (None, "text"), (None, 5)]:
        with pytest.raises(InvalidValueError):
            codec_of(CODES[name]).encode(value)


def test_bytes_of_other_kinds_become_bytes() -> None:
    """A bytearray or a memoryview is stored as bytes, and later changes to it change nothing."""
    given = bytearray(b"abc")
    raw = codec_of(CODES[None]).encode(given)
    given[0] = 0

    assert raw == b"abc"
    assert type(raw) is bytes


class Upper:
    """A serializer of the caller's own."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Write."""
        return orjson.dumps(value)

    @staticmethod
    def loads(raw: bytes) -> Any:
        """Read."""
        return pickle.loads(raw) if raw[:1] == b"\x80" else orjson.loads(raw)


def test_a_class_of_the_caller_is_used() -> None:
    """Number 0 means the class that the caller passes; without it the error says so."""
    assert codec_of(0, Upper).decode(codec_of(0, Upper).encode(ROW)) == ROW
    for missing in (None, "orjson"):
        with pytest.raises(InvalidInputError, match="class"):
            codec_of(0, missing)


def test_unknown_numbers_are_refused() -> None:
    """A number that booklet does not know asks for an upgrade."""
    for code in (len(CODES) + 1, 65_535, -1):
        with pytest.raises(InvalidInputError, match="Upgrade"):
            codec_of(code)


def test_check_serializer_knows_names_and_classes() -> None:
    """Names of booklet and classes with dumps and loads are accepted, others named in the error."""
    for good in (None, "orjson", Upper):
        check_serializer(good)
    for bad in ("yaml", 5, object):
        with pytest.raises(InvalidInputError):
            check_serializer(bad)


def test_old_pyarrow_does_not_read_tables_of_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pyarrow that unpickles what a file asks for is not given a stranger's table."""
    monkeypatch.setattr(serializers, "_version_of", lambda library: "14.0.0")

    with pytest.raises(UntrustedValueError, match=r"pyarrow 14\.0\.0"):
        codec_of(CODES["pd_zstd"]).decode(b"ARROW1")


@pytest.mark.parametrize("name", ["str", "json", "orjson", "orjson_zstd", "pickle", "pickle_zstd", "zstd", "bytes", None])
def test_plain_values_need_no_large_library(name: Any) -> None:
    """Reading and writing JSON, text, bytes and plain pickles imports neither booklet nor numpy nor pandas."""
    code = (
        f"import sys; from catalog.codecs.codec import codec_of, check_serializer; check_serializer({name!r});"
        f"codec = codec_of({CODES[name]}); codec.decode(codec.encode({EXAMPLES[name]!r}));"
        "print([module for module in ('booklet', 'numpy', 'pandas', 'pyarrow') if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
