"""Profiles: a name at an endpoint."""

from __future__ import annotations

import pytest

from catalog.connection import S3Connection
from catalog.credentials import Profile


def test_a_connection_without_profile_uses_default() -> None:
    """A connection that names no profile and no endpoint uses ``default`` at AWS."""
    assert Profile.of(S3Connection(db_key="a", bucket="bucket")) == Profile("https://s3.amazonaws.com", "default")


def test_the_service_names_endpoint_and_profile() -> None:
    """The keyring's service name is the documented one."""
    assert Profile.at("http://127.0.0.1:9000", "lab").service == "booklet-catalog:s3:http://127.0.0.1:9000#lab"


@pytest.mark.parametrize(
    ("name", "key_id_variable"),
    [
        (None, "CATALOG_ACCESS_KEY_ID"),
        ("default", "CATALOG_ACCESS_KEY_ID"),
        ("lab", "CATALOG_LAB_ACCESS_KEY_ID"),
        ("my.lab-2@home", "CATALOG_MY_LAB_2_HOME_ACCESS_KEY_ID"),
    ],
)
def test_variables_are_named_after_the_profile(name: str | None, key_id_variable: str) -> None:
    """A profile's variables have its name in capitals, with _ for what is no letter or digit."""
    key_id, secret = Profile.at(None, name).environment_variables

    assert key_id == key_id_variable
    assert secret == key_id_variable.replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
