"""A head comes back as it was, or is refused with a typed error: damaged, hostile, newer, or another program's."""

from __future__ import annotations

import base64
import json
import tracemalloc
from hashlib import blake2b
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from catalog.codecs.tree import encode_metadata
from catalog.errors import FormatError, IntegrityError, InvalidInputError, InvalidValueError, UnsupportedFormatError
from catalog.format.head import (
    FORMAT,
    MOST_BYTES,
    Metadata,
    Parent,
    SegmentRef,
    decode_head,
    encode_head,
)

from .entries import KEYS, make_head

IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
COUNTS = st.integers(0, 1 << 53)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | TEXTS,
    lambda some: st.lists(some) | st.dictionaries(TEXTS, some),
)
RUNS = st.lists(
    st.lists(st.tuples(IDS, KEYS, COUNTS, COUNTS), min_size=1, max_size=5, unique_by=lambda ref: ref[1]).map(
        lambda refs: tuple(SegmentRef(*ref) for ref in sorted(refs, key=lambda ref: ref[1]))
    ),
    max_size=4,
).map(tuple)
GOOD = encode_head(
    make_head(
        runs=((SegmentRef("a" * 32, "k", 5, 100), SegmentRef("b" * 32, "m", 5, 100)),),
        parent=Parent(3, "c" * 32),
        metadata=Metadata(5, msgspec.Raw(b'{"a":[1,2]}')),
    )
)


@given(TEXTS, TEXTS, COUNTS, COUNTS, RUNS, st.none() | st.builds(Parent, COUNTS, IDS), st.none() | JSON)
def test_every_head_comes_back(
    author: str, message: str, number: int, keys: int, runs: tuple[tuple[SegmentRef, ...], ...], parent: Parent | None, meta: Any
) -> None:
    """Whatever a head holds is read back equal, with the id that it was written with."""
    metadata = Metadata(7, msgspec.Raw(encode_metadata(meta)))
    head = make_head(author=author, message=message, number=number, keys=keys, runs=runs, parent=parent, metadata=metadata)
    stored = encode_head(head)
    found = decode_head(stored.body, "tag", "it")

    assert (found.commit_id, found.etag, found.body) == (stored.commit_id, "tag", stored.body)
    assert msgspec.structs.asdict(found.head) | {"metadata": None} == msgspec.structs.asdict(head) | {"metadata": None}
    assert found.head.metadata is not None
    assert json.loads(bytes(found.head.metadata.value)) == meta


def test_every_flipped_bit_and_every_truncation_is_found() -> None:
    """No damage to a head gives a head."""
    body = GOOD.body
    spoiled = [body[:length] for length in range(len(body) - 1)]
    spoiled += [body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :] for at in range(len(body) - 1) for bit in range(8)]

    for piece in spoiled:
        with pytest.raises((IntegrityError, UnsupportedFormatError)):
            decode_head(piece, "", "it")


def seal(line: bytes) -> bytes:
    """A head of a stranger who knows how to sign it."""
    return line + b"\n" + blake2b(line, digest_size=16).hexdigest().encode() + b"\n"


def changed(**fields: Any) -> bytes:
    """The good head with some fields replaced."""
    return seal(json.dumps(json.loads(GOOD.body.split(b"\n")[0]) | fields).encode())


def ref(**fields: Any) -> list[list[dict[str, Any]]]:
    """Runs of one segment with some fields replaced."""
    return [[{"id": "a" * 32, "first": "k", "keys": 5, "bytes": 100} | fields]]


HEADER = make_head().header
HOSTILE: dict[str, bytes] = {
    "a path for an id": changed(runs=ref(id="../../../../etc/passwd")),
    "an id with a path of the right length": changed(runs=ref(id="../" * 10 + "ab")),
    "an id that ends a line": changed(runs=ref(id="a" * 32 + "\n")),
    "an id in capitals": changed(runs=ref(id="A" * 32)),
    "a uuid that is none": changed(uuid="x"),
    "a uuid that ends a line": changed(uuid="a" * 32 + "\n"),
    "a write id that is none": changed(write_id=""),
    "a parent with a path": changed(parent={"number": 1, "id": "../" * 10 + "ab"}),
    "a negative parent": changed(parent={"number": -1, "id": "a" * 32}),
    "a negative count": changed(keys=-1),
    "a count without end": changed(keys=1 << 80),
    "a size without end": changed(value_bytes=1e300),
    "a time beyond the calendar": changed(time=1 << 62),
    "a number that is a text": changed(number="1"),
    "a segment of vast size": changed(runs=ref(bytes=1 << 80)),
    "a segment of negative size": changed(runs=ref(bytes=-5)),
    "a bound that is too long": changed(runs=ref(first="x" * 100_000)),
    "many runs": changed(runs=ref() * 101),
    "an empty run": changed(runs=[[]]),
    "a run that is not sorted": changed(runs=[ref(first="b")[0] + ref(first="a")[0]]),
    "a run with a bound twice": changed(runs=[ref()[0] + ref()[0]]),
    "another type": changed(type="../group"),
    "no type": changed(type=None),
    "a header that is too short": changed(booklet_header=base64.b64encode(HEADER[:199]).decode()),
    "a header that is too long": changed(booklet_header=base64.b64encode(HEADER + b"x").decode()),
    "a header that is no base64": changed(booklet_header="é" * 300),
    "a header with broken padding": changed(booklet_header="A"),
    "a metadata time before 1970": changed(metadata={"timestamp": -1, "value": 1}),
    "a metadata time without end": changed(metadata={"timestamp": 1 << 70, "value": 1}),
    "a message of megabytes": changed(message="x" * 1_000_000),
    "a missing field": seal(b'{"format":100}'),
    "deep metadata": seal(GOOD.body.split(b"\n")[0].replace(b"[1,2]", b"[" * 100_000 + b"]" * 100_000)),
    "a deep unknown field": seal(
        GOOD.body.split(b"\n")[0].replace(b'"format"', b'"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"format"')
    ),
    "text that is no UTF-8": seal(GOOD.body.split(b"\n")[0].replace(b"first", b"fir\xfft")),
    "half a surrogate": seal(GOOD.body.split(b"\n")[0].replace(b'"message":"first"', b'"message":"\\ud800"')),
    "a wrong digest": GOOD.body[:-34] + b"0" * 32 + b"\n",
    "no digest": GOOD.body.split(b"\n")[0],
    "text after the digest": GOOD.body + b"more",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_heads_are_refused(name: str) -> None:
    """A head that no push writes is refused before anything it names is asked for, in bounded memory."""
    tracemalloc.start()
    try:
        with pytest.raises((IntegrityError, UnsupportedFormatError)):
            decode_head(HOSTILE[name], "", "it")
        assert tracemalloc.get_traced_memory()[1] < 20 * len(HOSTILE[name]) + (1 << 20)
    finally:
        tracemalloc.stop()


@given(st.data())
def test_any_signed_line_is_a_head_or_a_format_error(data: st.DataObject) -> None:
    """Whatever a stranger signs, it is a usable head or a FormatError."""
    line = bytearray(GOOD.body.split(b"\n")[0])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(line) - 1))
        line[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != 10))
    try:
        found = decode_head(seal(bytes(line)), "", "it")
    except FormatError:
        return
    assert found.commit.time is not None
    assert found.head.database_uuid is not None
    assert found.object_metadata["uuid"]


def test_a_newer_format_asks_for_an_upgrade() -> None:
    """A newer format is named, even when its head looks quite different."""
    for line in (b'{"format":101}', b'{"format":101,"runs":{"new":true}}', b'{"format":999999999999}'):
        with pytest.raises(UnsupportedFormatError, match="Upgrade"):
            decode_head(seal(line), "", "it")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\x1f\x8b\x08\x00",
        b"<html><body>404</body></html>",
        b'{"format_version": 3, "type": "Booklet"}',
        b"\x82\xa6format\x64",
        b"\xff" * 100,
        b"[" * 1_000_000,
    ],
)
def test_what_is_no_head_is_another_program_s(body: bytes) -> None:
    """Anything else at the address, such as ebooklet's head or a web page, is an UnsupportedFormatError."""
    with pytest.raises(UnsupportedFormatError, match="not a booklet-catalog database"):
        decode_head(body, "", "it")


def test_fields_of_later_programs_are_left_aside() -> None:
    """A field that this program does not know does not make a head unreadable."""
    found = decode_head(changed(garbage={"grace": 5}), "", "it")

    assert found.head.number == GOOD.head.number


def test_other_programs_can_tell_what_it_is() -> None:
    """The metadata of the object identify it; the version is above ebooklet's."""
    shown = GOOD.object_metadata

    assert shown["format_version"] == str(FORMAT)
    assert FORMAT > 3
    assert shown["type"] == "CatalogDatabase"
    assert shown["uuid"] == GOOD.head.uuid
    assert encode_head(make_head(type="group")).object_metadata["type"] == "CatalogGroup"


def test_a_million_segments_worth_of_keys_fit() -> None:
    """A head of 100 million keys stays under 1 MiB."""
    runs = (tuple(SegmentRef(f"{n:032x}", f"station/{n:08d}", 48_829, 900_000) for n in range(2048)),)

    assert len(encode_head(make_head(runs=runs)).body) < 1 << 20 < MOST_BYTES


def test_metadata_must_be_json_of_bounded_size() -> None:
    """What is no JSON, or too large for a head, is an InvalidValueError."""
    for value in (object(), {"a": {1, 2}}, "x" * (5 << 20)):
        with pytest.raises(InvalidValueError):
            encode_metadata(value)


def test_a_head_with_the_header_of_another_database_is_never_written() -> None:
    """The file header in a head is of the same database as the head: nobody could open the two otherwise."""
    with pytest.raises(InvalidInputError, match="another database"):
        encode_head(make_head(uuid="f" * 32))
