"""As whom requests are signed, named without telling a secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from catalog.credentials.identity import AwsChain, Identity

_fingerprint_key = secrets.token_bytes(32)


def fingerprint(identity: Identity) -> str:
    """Name an identity for comparison inside this process, without telling its secret."""
    if identity is None:
        return "anonymous"
    if isinstance(identity, AwsChain):
        return f"aws:{identity.profile}"
    said = f"{identity.access_key_id}\0{identity.secret_access_key}".encode()
    return hmac.new(_fingerprint_key, said, hashlib.sha256).hexdigest()


__all__ = ["AwsChain", "Identity", "fingerprint"]
