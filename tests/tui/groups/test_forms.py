"""What is made of what was typed into a form, and which field is wrong when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog import S3Connection
from tui.groups.form import _complete
from tui.groups.forms import FormError, connection_of, tags_of

_PLACE = {"endpoint": "", "bucket": "", "key": "", "profile": "", "url": ""}


def test_a_place_that_was_typed() -> None:
    """Spaces around do not count; empty fields are not given."""
    typed = {**_PLACE, "endpoint": " https://s3.example.org ", "bucket": "data", "key": " rain ", "profile": "lab"}

    assert connection_of(typed) == S3Connection(
        db_key="rain", bucket="data", endpoint_url="https://s3.example.org", profile="lab"
    )
    assert connection_of({**_PLACE, "url": "https://data.example.org/rain"}).is_address_only
    assert connection_of({**_PLACE, "endpoint": "file:///shared", "key": "rain"}).is_folder


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "key"),
        ({"key": "rain"}, "bucket"),
        ({"key": "rain", "bucket": "data", "endpoint": "ftp://x"}, "endpoint"),
        ({"key": "rain", "bucket": "a b"}, "bucket"),
        ({"key": "../rain", "bucket": "data"}, "key"),
        ({"key": "rain", "bucket": "data", "profile": "a b"}, "profile"),
        ({"url": "https://data.example.org"}, "url"),
    ],
)
def test_a_place_that_cannot_be_used(typed: dict[str, str], field: str) -> None:
    """The error names the field that is wrong, in words."""
    with pytest.raises(FormError) as caught:
        connection_of({**_PLACE, **typed})

    assert (caught.value.field, bool(caught.value.message)) == (field, True)


def test_what_is_wrong_is_named_as_in_the_form() -> None:
    """Parameters are called as the fields are."""
    with pytest.raises(FormError) as caught:
        connection_of({**_PLACE, "url": "rain"})

    assert caught.value.message == "This connection cannot be used: the address is not of the form https://host/path."


def test_a_signed_address_is_not_repeated() -> None:
    """An address with a secret in it is refused without being quoted."""
    with pytest.raises(FormError) as caught:
        connection_of({**_PLACE, "url": "https://data.example.org/rain?X-Amz-Signature=c0ffee"})

    assert "c0ffee" not in caught.value.message + caught.value.hint


def test_tags() -> None:
    """Tags may be typed with commas or spaces, each counts once."""
    assert tags_of(" wet, daily  wet,") == ("wet", "daily")


def test_paths_are_completed(tmp_path: Path) -> None:
    """The first name that fits is offered, folders with a slash; hidden ones when they are asked for."""
    for name in ("rain.csv", "rainbow.csv", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "snow").mkdir()

    assert _complete(f"{tmp_path}/ra") == f"{tmp_path}/rain.csv"
    assert _complete(f"{tmp_path}/s") == f"{tmp_path}/snow/"
    assert _complete(f"{tmp_path}/.h") == f"{tmp_path}/.hidden"
    assert [_complete(text) for text in ("", f"{tmp_path}/", f"{tmp_path}/x", "/no/such/folder/a", "a\0/b")] == [None] * 5
