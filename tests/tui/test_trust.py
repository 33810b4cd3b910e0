"""A place is used because the user vouched for it, on behalf of the group that names it."""

from __future__ import annotations

from dataclasses import replace

from an_entry import ENTRY

from catalog import S3Connection
from tui.listing import GroupListing
from tui.trust import Trust, Vouching

ELSEWHERE = S3Connection(db_key="rain", bucket="data", endpoint_url="https://s3.example.org")


def test_a_place_is_vouched_for_with_its_endpoint_bucket_and_profile() -> None:
    """Another database of the same bucket needs no second yes; another bucket does."""
    trust = Trust(lambda: "lab")
    trust.add(ELSEWHERE)
    beside = replace(ENTRY, connection=ELSEWHERE.model_copy(update={"db_key": "snow"}))
    apart = replace(ENTRY, connection=ELSEWHERE.model_copy(update={"bucket": "private"}))

    assert trust.vouching(beside)["trust_connection"]
    assert not trust.vouching(apart)["trust_connection"]


def test_the_origin_is_the_group_that_names_a_database() -> None:
    """What was not listed yet is taken for the selected group, in which it is being made."""
    trust = Trust(lambda: "lab")
    assert trust.origin(ENTRY) == "lab"

    trust.note_origins([GroupListing("earth", (ENTRY,))])
    assert trust.vouching(ENTRY) == Vouching(origin="earth", trust_connection=False)
