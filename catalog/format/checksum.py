"""The checksum of a stored value."""

from __future__ import annotations

from hashlib import blake2b

CHECKSUM_BYTES = 8


def checksum(value: bytes | memoryview) -> bytes:
    """BLAKE2b of 8 bytes (RFC 7693) over the stored bytes of a value."""
    return blake2b(value, digest_size=CHECKSUM_BYTES).digest()
