"""The name of a set of credentials, bound to the one endpoint that they may be sent to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from catalog.connection import PROFILE_NAME, S3Connection
from catalog.credentials.endpoint import canonical_endpoint
from catalog.errors import InvalidConnectionError

DEFAULT_PROFILE = "default"
"""What a connection that names no profile uses."""


@dataclass(frozen=True, slots=True, order=True)
class Profile:
    """A name at a canonical endpoint; make one with `Profile.at` or `Profile.of`, which check both."""

    endpoint: str
    name: str

    @classmethod
    def at(cls, endpoint_url: str | None, name: str | None = None) -> Self:
        """Return the profile of this name at an endpoint; None is AWS, and ``default``.

        Raises:
            InvalidConnectionError: when the endpoint or the name cannot be used.
        """
        if name is not None and not PROFILE_NAME.fullmatch(name):
            raise InvalidConnectionError(
                "This profile name cannot be used.",
                hint="Use letters, digits and . _ @ -, at most 64, and begin with a letter or digit.",
            )
        return cls(canonical_endpoint(endpoint_url), name or DEFAULT_PROFILE)

    @classmethod
    def of(cls, connection: S3Connection) -> Self:
        """Return the profile that a connection uses."""
        return cls.at(connection.endpoint_url, connection.profile)

    @property
    def service(self) -> str:
        """The service name of its keyring entry; the user name is ``name``."""
        return f"booklet-catalog:s3:{self.endpoint}#{self.name}"

    @property
    def environment_variables(self) -> tuple[str, str]:
        """The variables that hold its key id and its secret."""
        prefix = "CATALOG_" if self.name == DEFAULT_PROFILE else f"CATALOG_{re.sub('[^A-Z0-9]', '_', self.name.upper())}_"
        return f"{prefix}ACCESS_KEY_ID", f"{prefix}SECRET_ACCESS_KEY"

    def __str__(self) -> str:
        return f"profile {self.name!r} at {self.endpoint}"
