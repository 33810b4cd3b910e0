"""What went wrong at S3, in our words: one table, applied by one context manager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as theirs
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from catalog.errors import (
    AccessDeniedError,
    BucketMissingError,
    CatalogError,
    CredentialsError,
    InvalidInputError,
    ObjectMissingError,
    PreconditionFailedError,
    StoreError,
    UnreachableError,
)
from catalog.store.interface import UnsupportedRequestError
from catalog.store.streaming import cut_off

_DENIED = {
    "InvalidAccessKeyId": "The server does not know this access key id: check it, or that the endpoint is the right one.",
    "SignatureDoesNotMatch": "The secret key does not belong to this access key id: enter the secret again.",
    "RequestTimeTooSkewed": "This computer's clock is wrong: set it.",
    "ExpiredToken": "The temporary credentials have run out: get new ones.",
    "InvalidToken": "The session token is not valid: get new credentials.",
    "401": "The server wants credentials: give a key pair.",
}
_NO_PERMISSION = "These credentials may not do this: ask the owner of the bucket, or use other credentials."
_DENIED_CODES = {*_DENIED, "AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "Unauthorized"}
_OBJECT_MISSING = {"NoSuchKey", "NotFound", "404", "NoSuchVersion", "NoSuchUpload"}
_UNSUPPORTED = {"NotImplemented", "XNotImplemented", "MethodNotAllowed", "501", "405"}
_OTHER_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
_CREDENTIALS = ("NoCredentials", "PartialCredentials", "CredentialRetrieval", "TokenRetrieval", "SSO", "ProfileNotFound")

_UNREADABLE = (ResponseParserError, ValueError, RuntimeError, LookupError, OverflowError)
"""What botocore raises over an answer that means nothing."""


@contextmanager
def translated(where: str, name: str = "") -> Iterator[None]:
    """Turn what botocore and urllib3 raise into our errors.

    The originals are cut off, traceback included: their frames hold signed headers.
    """
    try:
        yield
    except CatalogError:
        raise
    except theirs.ClientError as error:
        ours = _of_answer(where, name, error.response)
        cut_off(error)
        raise ours from None
    except _UNREADABLE as error:
        cut_off(error)
        raise StoreError(
            f"{where}: the server does not answer like an S3 server.",
            hint="Check endpoint_url and what is between.",
        ) from None
    except (theirs.BotoCoreError, HTTPError) as error:
        ours = _of_failure(where, error)
        cut_off(error)
        raise ours from None


def error_code(response: Any) -> str:
    """The code of an error answer, such as ``NoSuchKey`` or, where the answer has no body, ``404``."""
    return str(response.get("Error", {}).get("Code", ""))


def error_status(response: Any) -> int:
    """The HTTP status of an error answer."""
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _of_answer(where: str, name: str, response: Any) -> CatalogError:
    code, status = error_code(response), error_status(response)
    if code == "NoSuchBucket" or (code in _OBJECT_MISSING and not name):
        return BucketMissingError(f"{where}: there is no such bucket.", hint="Create it, or correct its name or endpoint_url.")
    if code in _OBJECT_MISSING:
        return ObjectMissingError(where, name)
    if status == 412 or code == "ConditionalRequestConflict":
        return PreconditionFailedError(where, name)
    if code in _DENIED_CODES or status in (401, 403):
        return AccessDeniedError(f"{where}: access denied{_about(name)}.", hint=_DENIED.get(code, _NO_PERMISSION))
    if code in _UNSUPPORTED:
        return UnsupportedRequestError(f"{where}: the server does not offer this request ({_plain(code)}).")
    if code in _OTHER_REGION:
        return StoreError(f"{where}: the bucket is in another region.", hint="Give the bucket's region= or endpoint_url=.")
    hint = "The server is in trouble or busy: try again later." if status >= 500 or code == "SlowDown" else ""
    return StoreError(f"{where}: the server answered {status} ({_plain(code)}){_about(name)}.", hint=hint)


def _of_failure(where: str, error: Exception) -> CatalogError:
    kind = type(error).__name__
    if isinstance(error, theirs.ParamValidationError):
        return InvalidInputError(f"{where}: a name or a value cannot be part of a request to S3.")
    if any(part in kind for part in _CREDENTIALS):
        return CredentialsError(f"{where}: the AWS chain gave no credentials ({kind}).", hint="Check ~/.aws, or log in.")
    if isinstance(error, theirs.SSLError):
        return UnreachableError(
            f"{where}: no secure connection.", hint="The server's certificate is not trusted, or it does not speak HTTPS."
        )
    if isinstance(error, (theirs.ConnectTimeoutError, theirs.ReadTimeoutError)):
        return UnreachableError(f"{where}: no answer in time.", hint="Check the network, or allow more with read_timeout=.")
    if isinstance(error, theirs.EndpointConnectionError):
        return UnreachableError(f"{where}: there is no server.", hint="Check the network and endpoint_url.")
    if isinstance(error, (theirs.ConnectionError, theirs.HTTPClientError, theirs.IncompleteReadError)) or not isinstance(
        error, theirs.BotoCoreError
    ):
        return UnreachableError(f"{where}: the connection broke ({kind}).", hint="Check the network and try again.")
    return StoreError(f"{where}: the request failed ({kind}).")


def _about(name: str) -> str:
    return f" for {name!r}" if name else ""


def _plain(code: str) -> str:
    """A server's own word, short and without control characters."""
    return ascii(code[:60])[1:-1]
