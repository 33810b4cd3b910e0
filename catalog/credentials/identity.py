"""As whom requests to a store are signed."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.connection import AccessKeys


@dataclass(frozen=True, slots=True)
class AwsChain:
    """Credentials that botocore finds by itself: environment, ``~/.aws`` (with this profile), SSO, the machine's role."""

    profile: str | None = None


Identity = AccessKeys | AwsChain | None
"""None sends unsigned requests."""
