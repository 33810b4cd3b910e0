"""Key pairs in the operating system's keyring, bound to the endpoint they are for, and who may use them."""

from catalog.credentials.approval import Approval, Approvals, Place, approve, require_approval
from catalog.credentials.endpoint import AWS_ENDPOINT, canonical_endpoint, is_aws
from catalog.credentials.identity import AwsChain, Identity
from catalog.credentials.keyring_store import forget, keyring_timeout, list, load, rotate, save  # noqa: A004
from catalog.credentials.profile import DEFAULT_PROFILE, Profile
from catalog.credentials.profile_index import StoredProfile
from catalog.credentials.resolution import Resolved, Source, SourceReport, explain, resolve
from catalog.credentials.session_store import SessionStore, this_session

__all__ = [
    "AWS_ENDPOINT",
    "DEFAULT_PROFILE",
    "Approval",
    "Approvals",
    "AwsChain",
    "Identity",
    "Place",
    "Profile",
    "Resolved",
    "SessionStore",
    "Source",
    "SourceReport",
    "StoredProfile",
    "approve",
    "canonical_endpoint",
    "explain",
    "forget",
    "is_aws",
    "keyring_timeout",
    "list",
    "load",
    "require_approval",
    "resolve",
    "rotate",
    "save",
    "this_session",
]
