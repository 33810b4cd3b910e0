"""What twelve kinds of real ebooklet wrote is understood from its bytes alone, and written again means the same."""

from __future__ import annotations

import orjson
import pytest

from catalog.ebooklet_format.group_object import decode_group, encode_group
from catalog.ebooklet_format.identity import TYPES, Identity, begins_as_ebooklet, is_ebooklet
from catalog.ebooklet_format.image import ImageReader, encode_image
from catalog.ebooklet_format.payload import PREFIX_BYTES, PayloadLayout, decode_manifest, decode_metadata, encode_payload

from .fixtures import FIXTURES, Fixture
from .reader import ReadRemote, pieces

every = pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)


@every
def test_every_value_is_what_ebooklet_saw(fixture: Fixture) -> None:
    """Keys, times, values, metadata, identity of each database and group are those that a reader of the same version saw."""
    for expected in fixture.databases:
        read = ReadRemote(fixture.objects, expected.db_key)

        assert read.values() == expected.values
        assert read.metadata is not None
        assert (read.metadata.timestamp, orjson.loads(read.metadata.data)) == (expected.metadata_timestamp, expected.metadata)
        assert read.identity.uuid is not None
        assert (read.identity.uuid.hex, read.identity.timestamp) == (expected.uuid, expected.timestamp)
        assert read.identity.type == TYPES[expected.type]


@every
def test_its_kind_shows_in_a_head_request_and_in_its_first_bytes(fixture: Fixture) -> None:
    """Both the user metadata and the first bytes tell ebooklet's object from any other; none of its other objects is one."""
    heads = {expected.db_key for expected in fixture.databases}
    for name, stored in fixture.objects.items():
        assert is_ebooklet(stored.metadata) == (name in heads)
        assert begins_as_ebooklet(stored.body[:16]) == (name in heads)


@every
def test_written_again_they_are_the_same(fixture: Fixture) -> None:
    """Identity, payload and group objects come out byte for byte; an index comes out with the same keys and entries."""
    for expected in fixture.databases:
        head = fixture.objects[expected.db_key]
        known = {name: value for name, value in head.metadata.items() if name != "content-md5"}
        assert Identity.parse(head.metadata, "it").encode() == known
        read = ReadRemote(fixture.objects, expected.db_key)
        header = read.reader.header
        image = encode_image(read.index.items(), header.width, header.buckets, header.timestamp, header.uuid)
        assert dict(ImageReader(pieces(image, 64), "it").entries()) == read.index
        if known.get("format_version") in ("2", "3"):
            layout = PayloadLayout.parse(head.body[:PREFIX_BYTES], len(head.body), "it")
            metadata_at = PREFIX_BYTES + layout.manifest
            manifest = decode_manifest(head.body[PREFIX_BYTES:metadata_at], "it")
            metadata = decode_metadata(head.body[metadata_at : layout.index_at], "it")
            assert encode_payload(manifest, metadata, head.body[layout.index_at :]) == head.body
    groups = [stored.body for name, stored in fixture.objects.items() if name.rpartition("/")[2].partition(".")[0].isdigit()]
    for body in [] if fixture.name.endswith("-key") else groups:
        members = decode_group(body, "it")
        cut = [(key, at.timestamp, body[at.offset : at.offset + at.length]) for key, at in members.items()]
        assert encode_group(cut) == (body, [member.offset for member in members.values()])
