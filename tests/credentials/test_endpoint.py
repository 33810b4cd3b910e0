"""The canonical spelling of endpoints."""

from __future__ import annotations

import pytest

from catalog.credentials import canonical_endpoint, is_aws
from catalog.errors import InvalidConnectionError


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        (None, "https://s3.amazonaws.com"),
        ("https://S3.Example.COM", "https://s3.example.com"),
        ("HTTPS://s3.example.com:443/", "https://s3.example.com"),
        ("http://s3.example.com:80", "http://s3.example.com"),
        ("https://s3.example.com:80", "https://s3.example.com:80"),
        ("http://127.0.0.1:9000/path/below", "http://127.0.0.1:9000"),
        ("https://s3.example.com.", "https://s3.example.com"),
        ("https://[2001:DB8:0::1]:9000", "https://[2001:db8::1]:9000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://minio_1:9000", "http://minio_1:9000"),
    ],
)
def test_one_endpoint_has_one_spelling(given: str | None, canonical: str) -> None:
    """Case, default port, path, a final dot and the form of an address make no other endpoint."""
    assert canonical_endpoint(given) == canonical
    assert canonical_endpoint(canonical) == canonical


@pytest.mark.parametrize(
    "given",
    [
        "",
        "s3.example.com",
        "ftp://s3.example.com",
        "file:///folder",
        "https://",
        "https://user:pass@s3.example.com",
        "https://good.example\\@evil.example",
        "https://good.example\\.evil.example",
        "https://s3.example.com:99999",
        "https://s3.example.com:port",
        "https://s3.example.com/?a=b",
        "https://s3.example.com/#a",
        "https://s3 example.com",
        "https://user%3Apass%40s3.example.com",
        "https://[::1",
        "https://a..b",
        "https://a\0b",
        "https://" + "ü" * 70,
        "https://straße.example",
        "https://\u03c2.example",
        "https://\u200bs3.example.com",
        "https://\uff533.example.com",
        "https://s3\uff0eexample.com",
    ],
)
def test_what_two_programs_could_read_differently_is_refused(given: str) -> None:
    """What is no plain http or https address is refused, and not quoted, because it may hold a secret."""
    with pytest.raises(InvalidConnectionError) as caught:
        canonical_endpoint(given)

    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.amazonaws.com",
        "https://s3.eu-central-1.amazonaws.com",
        "https://s3-us-west-2.amazonaws.com",
        "https://s3.dualstack.us-gov-east-1.amazonaws.com",
        "https://s3-fips.us-east-2.amazonaws.com",
        "https://s3.cn-north-1.amazonaws.com.cn",
        "https://bucket.vpce-0a1b-2c.s3.us-east-1.vpce.amazonaws.com",
    ],
)
def test_aws_is_recognised(endpoint: str) -> None:
    """All forms of S3's own address are AWS."""
    assert is_aws(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://s3.amazonaws.com",
        "https://s3.amazonaws.com:8443",
        "https://s3.amazonaws.com.evil.example",
        "https://evils3.amazonaws.com",
        "https://ec2-1-2-3-4.us-east-2.compute.amazonaws.com",
        "https://abc.execute-api.us-east-1.amazonaws.com",
        "https://bucket.s3-website.us-east-1.amazonaws.com",
        "https://s3.example.com",
    ],
)
def test_other_servers_are_not_aws(endpoint: str) -> None:
    """Neither plain http nor a server that a customer of Amazon runs is AWS."""
    assert not is_aws(endpoint)
