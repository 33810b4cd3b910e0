"""Keys for this session only: in the memory of this process, for a machine without a usable keyring."""

from __future__ import annotations

import threading

from typing_extensions import override

from catalog.connection import AccessKeys
from catalog.credentials.entry import check_keys
from catalog.credentials.profile import Profile
from catalog.processes.fork import OfOneProcess


class SessionStore(OfOneProcess):
    """Keys by profile, gone when the process ends; any thread may use it."""

    def __init__(self) -> None:
        self._keys: dict[Profile, AccessKeys] = {}
        self._lock = threading.Lock()
        self.belong_here()

    @override
    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def save(self, profile: Profile, keys: AccessKeys) -> None:
        """Keep the keys of a profile until the process ends; raises CredentialsError when they are malformed."""
        with self._lock:
            self._keys[profile] = check_keys(keys, str(profile))

    def load(self, profile: Profile) -> AccessKeys | None:
        """Return the keys of a profile, or None."""
        with self._lock:
            return self._keys.get(profile)

    def forget(self, profile: Profile) -> bool:
        """Drop the keys of a profile; False when there were none."""
        with self._lock:
            return self._keys.pop(profile, None) is not None

    def list(self) -> tuple[Profile, ...]:
        """Return the profiles that have keys in this session, in order."""
        with self._lock:
            return tuple(sorted(self._keys))


this_session = SessionStore()
"""The one of this process, which `resolve` asks."""
