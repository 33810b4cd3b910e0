"""Which profiles the keyring holds, without a secret, because a keyring cannot be listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from catalog.credentials.entry import Entry
from catalog.credentials.profile import Profile
from catalog.errors import InvalidInputError
from catalog.json_file import JsonFile
from catalog.locations import data_folder


@dataclass(frozen=True, slots=True, order=True)
class StoredProfile:
    """A profile that was stored from this machine, with the end of its key id."""

    profile: Profile
    key_id_ending: str
    created: datetime

    @classmethod
    def of(cls, entry: Entry) -> StoredProfile:
        """Describe an entry: at most 4 characters of the key id, and at most half of it."""
        key_id = entry.keys.access_key_id
        shown = min(4, len(key_id) // 2)
        return cls(entry.profile, key_id[len(key_id) - shown :], entry.created)


class ProfileIndex(BaseModel):
    """What the index file holds; values of it are never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    v: Literal[1] = 1
    profiles: tuple[StoredProfile, ...] = ()

    def with_profile(self, stored: StoredProfile) -> ProfileIndex:
        """Return an index that has this profile, in the place of an older one."""
        return ProfileIndex(profiles=(*self.without(stored.profile).profiles, stored))

    def without(self, profile: Profile) -> ProfileIndex:
        """Return an index that has not this profile."""
        return ProfileIndex(profiles=tuple(stored for stored in self.profiles if stored.profile != profile))

    def check_distinct(self, profile: Profile) -> None:
        """Raise InvalidInputError when a stored profile of this endpoint has nearly this name.

        Names that differ in case alone are one for Windows, which then hands out the keys of the other; and names with the
        same environment variables are one for the environment.
        """
        for stored in self.profiles:
            other = stored.profile
            if other.name == profile.name or other.endpoint != profile.endpoint:
                continue
            if other.environment_variables == profile.environment_variables:
                raise InvalidInputError(
                    f"{profile} cannot be told from the stored profile {other.name!r}: "
                    f"both would use the variable {profile.environment_variables[0]}.",
                    hint="Choose a name that differs in more than case and punctuation, or forget the other profile first.",
                )

    def names(self, profile: Profile) -> bool:
        """Whether this profile was stored from this machine."""
        return any(stored.profile == profile for stored in self.profiles)


def index_file() -> JsonFile[ProfileIndex]:
    """Return the index file of this machine's user."""
    return JsonFile(data_folder() / "profiles.json", ProfileIndex, ProfileIndex())
