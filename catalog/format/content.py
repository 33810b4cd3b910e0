"""What every immutable object consists of: MessagePack, named by its hash, compressed with Zstandard."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
import zstandard

from catalog.errors import IntegrityError, UnsupportedFormatError

ID_BYTES = 16
VERSION = 1
"""The first element of every content: how the others are to be read."""

_MOST_BYTES = 256 << 20
_LEVEL = 3
_SHORTEST_MATCH = 6
_encoder = msgspec.msgpack.Encoder()

T = TypeVar("T")


def content_id(content: bytes) -> bytes:
    """The id of an immutable object: BLAKE2b of 16 bytes over its uncompressed content."""
    return blake2b(content, digest_size=ID_BYTES).digest()


def encode(columns: list[Any], salt: int = 0) -> bytes:
    """The content of these columns. ``salt``, a last one that nobody reads, makes the id another one."""
    return _encoder.encode([VERSION, *columns, salt] if salt else [VERSION, *columns])


def decode(decoder: msgspec.msgpack.Decoder[T], content: bytes, what: str) -> T:
    """Decode content; IntegrityError names ``what``."""
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{what} is damaged: {error}.") from None


def check_version(version: int, what: str) -> None:
    """Raise UnsupportedFormatError for content of another version than this program reads."""
    if version != VERSION:
        raise UnsupportedFormatError(
            f"{what} has encoding {version}; this program reads {VERSION}.", hint="Upgrade booklet-catalog."
        )


def compress(content: bytes) -> bytes:
    """Compress content to what is stored."""
    # random ids and checksums are no matches: short ones that look so cost more than they save
    wanted = zstandard.ZstdCompressionParameters.from_level(_LEVEL, source_size=len(content), min_match=_SHORTEST_MATCH)
    return zstandard.ZstdCompressor(compression_params=wanted).compress(content)


def decompress(body: bytes, what: str, most: int = _MOST_BYTES) -> bytes:
    """Undo `compress`, giving at most ``most`` bytes; IntegrityError names ``what``."""
    try:
        _check_claim(body, what, most)
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=most, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise IntegrityError(f"{what} is damaged: it cannot be decompressed ({error}).") from None


def cut_frame(body: bytes, what: str) -> tuple[bytes, bytes]:
    """The first of several frames that follow each other, and what comes after it; IntegrityError names ``what``."""
    try:
        _check_claim(body, what, _MOST_BYTES)
        reader = zstandard.ZstdDecompressor().decompressobj()
        reader.decompress(body)
    except zstandard.ZstdError as error:
        raise IntegrityError(f"{what} is damaged: it cannot be decompressed ({error}).") from None
    if not reader.eof:
        raise IntegrityError(f"{what} is cut off.")
    rest = reader.unused_data
    return body[: len(body) - len(rest)], rest


def _check_claim(body: bytes, what: str, most: int) -> None:
    size = zstandard.frame_content_size(body)
    if not 0 <= size <= most:
        raise IntegrityError(f"{what} claims {size:,} bytes uncompressed; at most {most:,} are accepted.")


def named_content(body: bytes, object_id: bytes, what: str, most: int = _MOST_BYTES) -> bytes:
    """The uncompressed content of a stored object, which has the id it is named by; IntegrityError names ``what``."""
    content = decompress(body, what, most)
    if content_id(content) != object_id:
        raise IntegrityError(f"{what} is damaged: its content does not match its name.")
    return content
