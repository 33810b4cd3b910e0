"""A bucket of a real S3 server as a store."""

from __future__ import annotations

import secrets

import pytest

from catalog.objectstore.s3_client import ClientSettings, client_for
from catalog.testing.seaweed import Seaweed
from catalog.testing.store_contract import Stand, StoreContract


class TestS3Store(StoreContract):
    """The contract of a store, kept by a bucket."""

    @pytest.fixture
    def stand(self, seaweed: Seaweed) -> Stand:
        """A bucket, and its objects as another client sees them."""
        client = client_for(ClientSettings(seaweed.endpoint_url, threads=3), seaweed.rw)
        root = f"data/{secrets.token_hex(6)}.blt"

        def raw_put(name: str, body: bytes) -> None:
            client.put_object(Bucket="priv", Key=name, Body=body)

        def raw_get(name: str) -> bytes | None:
            try:
                return client.get_object(Bucket="priv", Key=name)["Body"].read()
            except client.exceptions.NoSuchKey:
                return None

        def leftovers() -> list[str]:
            return [upload["Key"] for upload in client.list_multipart_uploads(Bucket="priv").get("Uploads", [])]

        return Stand(seaweed.store(), root, raw_put, raw_get, leftovers)
