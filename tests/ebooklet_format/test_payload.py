"""Payloads and identities come back as they were written; newer ones are refused, and damaged ones are said to be damaged."""

from __future__ import annotations

import contextlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ebooklet_format.identity import Identity, is_ebooklet
from catalog.ebooklet_format.names import EbookletNames, hash_group
from catalog.ebooklet_format.payload import (
    PREFIX_BYTES,
    PayloadLayout,
    UserMetadata,
    decode_manifest,
    decode_metadata,
    encode_payload,
)
from catalog.errors import FormatError, IntegrityError, UnsupportedFormatError

MANIFESTS = st.dictionaries(st.integers(0, (1 << 32) - 1), st.from_regex(r"\A[0-9a-f]{13}\Z"), max_size=5)
METADATA = st.none() | st.builds(
    UserMetadata, st.integers(0, (1 << 56) - 1), st.sampled_from([b"null", b'{"a": [1, "\xc3\xbc"]}'])
)
IDENTITIES = st.builds(
    Identity,
    st.none() | st.uuids(),
    st.sampled_from([None, "database", "group"]),
    st.none() | st.integers(0, (1 << 56) - 1),
    st.none() | st.binary(min_size=200, max_size=200),
    st.sampled_from([None, 1, 2, 3]),
    st.none() | st.integers(1, 1000),
    st.none() | st.integers(1, (1 << 32) - 1),
)


def parts(body: bytes) -> tuple[dict[int, str], UserMetadata | None, bytes]:
    """What a payload holds."""
    layout = PayloadLayout.parse(body[:PREFIX_BYTES], len(body), "it")
    metadata_at = PREFIX_BYTES + layout.manifest
    manifest = decode_manifest(body[PREFIX_BYTES:metadata_at], "it")
    return manifest, decode_metadata(body[metadata_at : layout.index_at], "it"), body[layout.index_at :]


@given(MANIFESTS, METADATA, st.binary(max_size=50))
def test_a_payload_comes_back(manifest: dict[int, str], metadata: UserMetadata | None, index: bytes) -> None:
    """Manifest, metadata and index are those that were written."""
    assert parts(encode_payload(manifest, metadata, index)) == (manifest, metadata, index)


@given(IDENTITIES)
def test_an_identity_comes_back(identity: Identity) -> None:
    """User metadata say again what was written, whatever else is among them."""
    assert Identity.parse({**identity.encode(), "content-md5": "x", "Other": "\x1b"}, "it") == identity


def test_a_newer_payload_is_refused_by_its_version() -> None:
    """Payload version 3 is not read as if it were 2."""
    body = bytearray(encode_payload({}, None, b""))
    body[13] = 3
    with pytest.raises(UnsupportedFormatError, match="payload version 3"):
        parts(bytes(body))


GOOD = encode_payload({0: "0123456789abc"}, UserMetadata(5, b'{"a":1}'), b"index")


@given(st.integers(12, len(GOOD) - 6), st.binary(min_size=1, max_size=20))
def test_any_payload_is_read_or_refused(at: int, noise: bytes) -> None:
    """Whatever a payload claims is a FormatError or a payload, and nothing is read beyond it."""
    with contextlib.suppress(FormatError):
        parts(GOOD[:at] + noise + GOOD[at + len(noise) :])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b'{"0": 5}',
        b'{"0": "../../other"}',
        b'{"0/../x": "0123456789abc"}',
        b'{"-1": "0123456789abc"}',
        b'{"01": "0123456789abc"}',
        b'{"4294967296": "0123456789abc"}',
        '{"²": "0123456789abc"}'.encode(),
        b'{"0": "0123456789ab\n"}',
        b"[" * 100_000,
    ],
)
def test_a_manifest_names_nothing_but_groups(raw: bytes) -> None:
    """What is no number of a group or no generation would become part of an object's name: it is refused."""
    with pytest.raises(IntegrityError):
        decode_manifest(raw, "it")


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"{}",
        b'{"timestamp": -1, "data": 1}',
        b'{"timestamp": 5}',
        b'{"timestamp": 5, "data": "\xff"}',
        b'{"timestamp": 1e9, "data',
    ],
)
def test_metadata_that_are_none_are_damage(raw: bytes) -> None:
    """Metadata that cannot be read are an IntegrityError, before anyone shows them."""
    with pytest.raises(IntegrityError):
        decode_metadata(raw, "it")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uuid", "x"),
        ("timestamp", "-5"),
        ("timestamp", "1" * 40),
        ("timestamp", "²"),
        ("timestamp", str(1 << 56)),
        ("init_bytes", "AA=="),
        ("init_bytes", "ü"),
        ("init_bytes", "=" * 268),
        ("num_groups", "1e3"),
        ("num_groups", "0"),
        ("group_bytes", "4294967296"),
    ],
)
def test_an_identity_that_cannot_be_is_damage(name: str, value: str) -> None:
    """A field that no version wrote so is an IntegrityError that names it."""
    with pytest.raises(IntegrityError, match=name):
        Identity.parse({"type": "EVariableLengthValue", name: value}, "it")


@pytest.mark.parametrize("metadata", [{"format_version": "4"}, {"format_version": "100"}, {"type": "SomethingNew"}])
def test_what_is_newer_is_not_supported(metadata: dict[str, str]) -> None:
    """A format or a type that came later is refused as such, and not as damage."""
    with pytest.raises(UnsupportedFormatError):
        Identity.parse(metadata, "it")


def test_our_own_head_is_none_of_ebooklet() -> None:
    """The types of our own remotes are not taken for ebooklet's."""
    assert not is_ebooklet({"type": "CatalogDatabase", "format_version": "100", "uuid": uuid.uuid4().hex})
    assert not is_ebooklet({})


def test_names_are_those_that_ebooklet_gives() -> None:
    """Values lie under their key or in a group; the hash of a key says in which, as ebooklet 0.8.4 to 0.10 compute it."""
    names = EbookletNames("a/b.blt")

    assert names.value("x/y") == "a/b.blt/x/y"
    assert (names.group(3, None), names.group(3, "0123456789abc")) == ("a/b.blt/3", "a/b.blt/3.0123456789abc")
    assert {hash_group(f"key {number}", 3) for number in range(20)} == {0, 1, 2}
