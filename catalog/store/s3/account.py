"""What an identity sees at an S3 service before any bucket is named."""

from __future__ import annotations

from catalog.store.identity import Identity
from catalog.store.s3.client import ClientSettings, client_for
from catalog.store.s3.errors import translated


def list_buckets(endpoint_url: str | None, keys: Identity) -> list[str]:
    """Name the buckets of the account that the keys belong to; None is AWS. One signed request, which changes nothing.

    Raises AccessDeniedError when the service does not know these keys, or lets them see no list; UnreachableError, StoreError.
    """
    with translated(endpoint_url or "aws"):
        answer = client_for(ClientSettings(endpoint_url, retries=1), keys).list_buckets()
        return [bucket.get("Name", "") for bucket in answer.get("Buckets", [])]
