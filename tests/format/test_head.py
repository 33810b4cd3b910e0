"""A head comes back as it was, or is refused with a typed error: damaged, hostile, newer, or another program's."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from catalog.codecs.tree import encode_metadata
from catalog.errors import FormatError, IntegrityError, InvalidInputError, InvalidValueError, UnsupportedFormatError
from catalog.format.checksum import checksum
from catalog.format.content import compress, content_id
from catalog.format.head import (
    FORMAT,
    MOST_BYTES,
    Changes,
    Head,
    Metadata,
    Origin,
    Parent,
    RunRef,
    StoredHead,
    decode_head,
    encode_changes,
    encode_head,
    run_of,
)
from catalog.format.log import BUNDLE, Bundle, encode_log
from catalog.format.segment import Entry
from catalog.format.table import SegmentRef, encode_table

from .entries import COUNTS, IDS, SMALL, TEXTS, make_head, make_next

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | TEXTS,
    lambda some: st.lists(some) | st.dictionaries(TEXTS, some),
)


def ref(number: int) -> SegmentRef:
    """A reference to a segment."""
    return SegmentRef(bytes([number]) * 16, chr(97 + number), 5, b"f" * 16, number * 10, 10, 1000 + number * 20, 20)


REFS = (ref(1), ref(2))
TABLE = encode_table(REFS)
TABLE_ID = content_id(TABLE)
TABLE_RUN = RunRef(2, 10, None, TABLE_ID, len(compress(TABLE)))
FIRST = encode_head(make_head())
CHANGES = encode_changes([("k", Entry(5, b"", 0, 3, checksum(b"abc"), b"abc")), ("l", Entry(5, b"", 0, 0, bytes(8)))])
GOOD = make_next(
    FIRST,
    runs=(run_of((ref(0),)), TABLE_RUN),
    changes=CHANGES,
    metadata=Metadata.held(5, b'{"a":[1,2]}'),
    copied_from=Origin(b"u" * 16, 5, b"i" * 16),
)
WITH_TABLE = encode_head(GOOD.head, {TABLE_ID: (REFS, compress(TABLE))})


@given(TEXTS, TEXTS, COUNTS, SMALL | st.none(), st.none() | JSON, IDS)
def test_every_head_comes_back(
    author: str, message: str, keys: int, changes: list[tuple[str, Entry]] | None, meta: Any, write_id: bytes
) -> None:
    """Whatever a head holds is read back equal, with the id that it was written with."""
    value = encode_metadata(meta)
    stored = make_next(
        FIRST,
        author=author,
        message=message,
        keys=keys,
        changes=encode_changes(changes) if changes else None,
        metadata=Metadata.held(7, value),
        write_id=write_id,
    )
    found = decode_head(stored.body, "tag", "it")

    assert (found.commit_id, found.etag, found.body, found.head) == (stored.commit_id, "tag", stored.body, stored.head)
    assert found.commit == stored.commit
    assert (list(found.changes.items()) if found.changes else None) == changes
    assert found.head.metadata is not None
    assert json.loads(found.head.metadata.inline or b"") == meta


def test_a_commit_is_a_head_without_attachments() -> None:
    """The object that keeps a commit is a head itself, of the same id, whose large runs are found by their tables."""
    again = decode_head(WITH_TABLE.commit_body, "", "it")

    assert (again.head, again.commit_id) == (WITH_TABLE.head, WITH_TABLE.commit_id)
    assert (again.tables, WITH_TABLE.tables) == ({}, {TABLE_ID: (REFS, compress(TABLE))})
    assert decode_head(WITH_TABLE.body, "", "it").tables == WITH_TABLE.tables
    assert len(WITH_TABLE.commit_body) < len(WITH_TABLE.body)


def test_large_tables_are_not_attached() -> None:
    """A head takes tables of 512 segments together, and leaves larger ones where they are."""
    refs = tuple(SegmentRef(b"%016d" % n, f"{n:05d}", 1, b"f" * 16, n, 1, n, 1) for n in range(1, 400))
    content = encode_table(refs)
    other = encode_table(refs[:200])
    tables = {content_id(content): (refs, compress(content)), content_id(other): (refs[:200], compress(other))}
    runs = tuple(RunRef(len(run), len(run), None, id_, len(body)) for id_, (run, body) in tables.items())

    assert list(encode_head(make_head(runs=runs), tables).tables) == [content_id(content)]


def test_a_mirror_has_the_same_commits() -> None:
    """What a mirror follows stands outside of the commit, so that its id is the original's."""
    mirror = encode_head(GOOD.head, mirror="s3://data/rain.blt")
    found = decode_head(mirror.body, "", "it")

    assert (found.mirror, found.commit_id) == ("s3://data/rain.blt", GOOD.commit_id)
    assert mirror.commit_body == GOOD.commit_body


def test_the_log_goes_on() -> None:
    """Each commit repeats the summaries since the last bundle, its parent's last; their numbers and ids are right."""
    current, ids = FIRST, [FIRST.commit_id]
    for number in range(2, 12):
        current = make_next(current, message=f"commit {number}")
        ids.append(current.commit_id)

    assert [summary.id.hex() for summary in current.log] == ids[:-1]
    assert [summary.message for summary in current.log][-1] == "commit 10"
    assert current.summary.number == 11
    assert current.commit.parent == (10, ids[-2])


def test_every_flipped_bit_and_every_truncation_is_found() -> None:
    """No damage to a head gives a head, or only one whose bytes mean the same."""
    body = WITH_TABLE.body
    spoiled = [body[:length] for length in range(len(body))] + [body + b"\n"]
    spoiled += [body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :] for at in range(len(body)) for bit in (0, 3, 7)]
    for piece in spoiled:
        try:
            found = decode_head(piece, "", "it")
        except FormatError:
            continue
        assert (found.head, found.commit_id, found.tables) == (WITH_TABLE.head, WITH_TABLE.commit_id, WITH_TABLE.tables)


def seal(content: bytes, more: tuple[bytes, ...] = (), **line: Any) -> bytes:
    """A head of a stranger who knows how to name it."""
    frame = compress(content)
    shown = {
        "format": FORMAT,
        "type": GOOD.head.type,
        "uuid": GOOD.head.uuid.hex(),
        "number": 2,
        "id": content_id(content).hex(),
        "parts": [len(frame), *map(len, more)],
    }
    return json.dumps(shown | line).encode() + b"\n" + frame + b"".join(more)


FIELDS: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(GOOD.head))


def changed(**fields: Any) -> bytes:
    """The good head with some members of its commit replaced."""
    return seal(msgspec.msgpack.encode(FIELDS | fields))


def without(name: str) -> bytes:
    """The good head without a member of its commit."""
    return seal(msgspec.msgpack.encode({key: value for key, value in FIELDS.items() if key != name}))


def line(**fields: Any) -> bytes:
    """The good head with some members of its line replaced."""
    return seal(msgspec.msgpack.encode(FIELDS), **fields)


def a_log(**fields: Any) -> bytes:
    """The log of the good head, its one summary changed."""
    return encode_log([msgspec.structs.replace(GOOD.log[0], **fields)], fields.get("number", 1))


LOST = [name for name in FIELDS if name not in {"metadata", "copied_from"}]
OTHER_TABLE = compress(encode_table((ref(3),)))
HOSTILE: dict[str, bytes] = {
    **{f"no {name}": without(name) for name in LOST},
    "an id with a path": line(id="../" * 10 + "ab"),
    "an id that ends a line": line(id="a" * 32 + "\n"),
    "an id in capitals": line(id="A" * 32),
    "another id": line(id="a" * 32),
    "a uuid that is none": line(uuid="x"),
    "another uuid": line(uuid="a" * 32),
    "another number": line(number=3),
    "another type": line(type="group"),
    "a type that is none": changed(type="../group"),
    "no parts": line(parts=[]),
    "parts beyond the end": line(parts=[1 << 20]),
    "parts before the end": line(parts=[10]),
    "a part of nothing": line(parts=[0]),
    "a negative part": line(parts=[-5]),
    "many parts": line(parts=[1] * 101),
    "a line without end": b'{"format":101,"x":"' + b"x" * 100_000 + b'"}\n',
    "a mirror without end": line(mirror="x" * 5_000),
    "a uuid that is too short": changed(uuid=b"short"),
    "a write id that is too short": changed(write_id=b""),
    "a header that is too short": changed(header=bytes(199)),
    "a header that is too long": changed(header=bytes(201)),
    "a negative count": changed(keys=-1),
    "a count without end": changed(keys=1 << 63),
    "a size without end": changed(value_bytes=1e300),
    "a time beyond the calendar": changed(time=1 << 62),
    "a number that is a text": changed(number="2"),
    "a message of megabytes": changed(message="x" * 1_000_000),
    "a parent with a path": changed(parents=[[1, b"../../x"]]),
    "a parent that is later": changed(parents=[[7, b"a" * 16]]),
    "another parent than the log's": changed(parents=[[1, b"a" * 16]]),
    "no parent": changed(parents=[]),
    "three parents": changed(parents=[[1, b"a" * 16]] * 3),
    "a log of other numbers": changed(log=a_log(number=7)),
    "an empty log": changed(log=encode_log((), 1)),
    "a log that is none": changed(log=b"\xc0"),
    "bundles that do not follow": changed(bundles=[[5, 9, b"a" * 16, 5]]),
    "bundles that go back": changed(bundles=[[1, 0, b"a" * 16, 5]]),
    "many bundles": changed(bundles=[[1, 1, b"a" * 16, 5]] * 5_000),
    "many runs": changed(runs=[{"segments": 1, "keys": 5, "refs": encode_table((ref(1),))}] * 101),
    "a run that is nowhere": changed(runs=[{"segments": 1, "keys": 5}]),
    "a run that is in two places": changed(runs=[{"segments": 2, "keys": 10, "refs": TABLE, "table": TABLE_ID, "size": 5}]),
    "a run of no segments": changed(runs=[{"segments": 0, "keys": 0, "refs": b""}]),
    "a run that says too much": changed(runs=[{"segments": 2, "keys": 11, "refs": TABLE}]),
    "a run whose table has a path": changed(runs=[{"segments": 1, "keys": 5, "table": b"../../x", "size": 5}]),
    "a run that is no table": changed(runs=[{"segments": 1, "keys": 5, "refs": b"\xc0"}]),
    "a table that is not named": seal(msgspec.msgpack.encode(FIELDS), (OTHER_TABLE,)),
    "a table that is none": seal(msgspec.msgpack.encode(FIELDS), (b"\x00",)),
    "changes that do not belong together": changed(changes=[CHANGES.keys, CHANGES.entries + b"\0", CHANGES.values]),
    "changes whose values are cut off": changed(changes=[CHANGES.keys, CHANGES.entries, b"ab"]),
    "changes that are none": changed(changes=[b"", b"", b""]),
    "metadata of nowhere": changed(metadata={"timestamp": 5, "length": 1, "checksum": bytes(8)}),
    "metadata in two places": changed(
        metadata={"timestamp": 5, "length": 1, "checksum": bytes(8), "inline": b"1", "pack": bytes(16)}
    ),
    "metadata of gigabytes": changed(metadata={"timestamp": 5, "length": 1 << 33, "checksum": bytes(8), "pack": bytes(16)}),
    "metadata that are others": changed(metadata={"timestamp": 5, "length": 1, "checksum": bytes(8), "inline": b"1"}),
    "a value that is another": changed(changes=[CHANGES.keys, CHANGES.entries, b"abd"]),
    "a metadata time before 1970": changed(metadata={"timestamp": -1, "length": 1, "checksum": bytes(8), "inline": b"1"}),
    "a metadata time without end": changed(metadata={"timestamp": 1 << 60, "length": 1, "checksum": bytes(8), "inline": b"1"}),
    "a deep unknown member": seal(
        b"\xde" + (len(FIELDS) + 1).to_bytes(2, "big") + b"\xa1x" + b"\x91" * 100_000 + msgspec.msgpack.encode(FIELDS)[3:]
    ),
    "text that is no UTF-8": seal(msgspec.msgpack.encode(FIELDS).replace(b"first", b"fir\xfft")),
    "a bomb": line()[: -len(GOOD.part)],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_heads_are_refused(name: str) -> None:
    """A head that no push writes is refused before anything it names is asked for, in bounded memory."""
    tracemalloc.start()
    try:
        with pytest.raises((IntegrityError, UnsupportedFormatError)):
            decode_head(HOSTILE[name], "", "it")
        assert tracemalloc.get_traced_memory()[1] < 40 * len(HOSTILE[name]) + (1 << 21)
    finally:
        tracemalloc.stop()


def test_the_good_head_is_good() -> None:
    """What the hostile heads are made of is read when nothing is changed."""
    assert decode_head(changed(), "", "it").head == GOOD.head
    assert decode_head(line(), "", "it").head == GOOD.head


def test_bombs_are_refused_by_what_they_claim() -> None:
    """A commit that would become larger than a head can be is refused before it is decompressed."""
    with pytest.raises(IntegrityError, match="claims"):
        decode_head(seal(bytes(MOST_BYTES + 1)), "", "it")


@given(st.data())
def test_any_named_commit_is_a_head_or_a_format_error(data: st.DataObject) -> None:
    """Whatever a stranger names rightly, it is a usable head or a FormatError."""
    content = bytearray(msgspec.msgpack.encode(FIELDS))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_head(seal(bytes(content)), "", "it")
    except FormatError:
        return
    assert found.commit.time is not None
    assert found.head.database_uuid is not None
    assert found.object_metadata["uuid"]
    assert found.changes is None or list(found.changes.items()) is not None


def test_a_preview_s_head_is_refused_as_that() -> None:
    """A head of format 100 is no empty database and no damage: it says where it comes from."""
    for head in (b'{"format":100}\n', b'{"format":100,"runs":[],"uuid":"' + b"a" * 32 + b'"}\n' + b"a" * 32 + b"\n"):
        with pytest.raises(UnsupportedFormatError, match="preview"):
            decode_head(head, "", "it")


def test_a_newer_format_asks_for_an_upgrade() -> None:
    """A newer format, checksum or feature is named, even when its head looks quite different."""
    for body in (b'{"format":102,"keyring":"x"}\n' + b"sealed", b'{"format":999999999999}\n'):
        with pytest.raises(UnsupportedFormatError, match="Upgrade"):
            decode_head(body, "", "it")
    for body in (changed(checksum="xxh3-64"), changed(reader_features=["columns"])):
        with pytest.raises(UnsupportedFormatError, match=r"xxh3-64|columns"):
            decode_head(body, "", "it")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\x1f\x8b\x08\x00",
        b"<html><body>404</body></html>",
        b'{"format_version": 3, "type": "Booklet"}',
        b"\x82\xa6format\x65",
        b"\xff" * 100,
        b"[" * 1_000_000,
    ],
)
def test_what_is_no_head_is_another_program_s(body: bytes) -> None:
    """Anything else at the address, such as ebooklet's head or a web page, is an UnsupportedFormatError."""
    with pytest.raises(UnsupportedFormatError, match="not a booklet-catalog database"):
        decode_head(body, "", "it")


def test_members_of_later_programs_are_left_aside() -> None:
    """A member that this program does not know makes no head unreadable, in the line or in the commit."""
    assert decode_head(changed(garbage={"grace": 5}), "", "it").head == GOOD.head
    assert decode_head(line(region="eu"), "", "it").head == GOOD.head
    assert decode_head(changed(writer_features=["branches"]), "", "it").head.writer_features == ("branches",)


def test_other_programs_can_tell_what_it_is() -> None:
    """The metadata of the object identify it, and so do its first bytes; the version is above ebooklet's."""
    shown = GOOD.object_metadata

    assert shown["format_version"] == str(FORMAT)
    assert FORMAT > 3
    assert shown["type"] == "CatalogDatabase"
    assert shown["uuid"] == GOOD.head.uuid.hex()
    assert encode_head(make_head(type="group")).object_metadata["type"] == "CatalogGroup"
    assert GOOD.body.startswith(b'{"format":101,"type":"database","uuid":"' + GOOD.head.uuid.hex().encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"time": 1 << 60},
        {"number": 1 << 60},
        {"message": "x" * 20_000},
        {"header": b""},
        {"type": "table"},
        {"parents": (Parent(9, b"a" * 16),)},
        {"changes": Changes(b"", b"", b"")},
        {"bundles": (Bundle(1, BUNDLE, b"a" * 16, 5),)},
    ],
)
def test_what_nobody_could_read_is_not_written(changes: dict[str, Any]) -> None:
    """A head goes through the reader's own checks before it goes anywhere."""
    with pytest.raises(InvalidInputError, match="cannot be written"):
        encode_head(make_head(**changes))


def test_metadata_must_be_json_of_bounded_size() -> None:
    """What is no JSON, or too large for a head, is an InvalidValueError."""
    for value in (object(), {"a": {1, 2}}, "x" * (5 << 20)):
        with pytest.raises(InvalidValueError):
            encode_metadata(value)


def test_a_head_of_a_hundred_million_keys_is_small() -> None:
    """However many keys there are: its table is apart."""
    head: Head = make_head(runs=(RunRef(2048, 100_000_000, None, b"t" * 16, 52_000), *GOOD.head.runs), keys=100_000_000)
    made: StoredHead = encode_head(head)

    assert len(made.body) < 2 << 10
