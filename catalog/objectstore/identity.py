"""As whom requests are signed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from catalog.connection import AccessKeys

_fingerprint_key = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class AwsChain:
    """Credentials that botocore finds by itself: environment, ``~/.aws`` (with this profile), SSO, the machine's role."""

    profile: str | None = None


Identity = AccessKeys | AwsChain | None
"""None sends unsigned requests."""


def fingerprint(identity: Identity) -> str:
    """Name an identity for comparison inside this process, without telling its secret."""
    if identity is None:
        return "anonymous"
    if isinstance(identity, AwsChain):
        return f"aws:{identity.profile}"
    said = f"{identity.access_key_id}\0{identity.secret_access_key}".encode()
    return hmac.new(_fingerprint_key, said, hashlib.sha256).hexdigest()
