"""The process' one connection to S3, configured by boto3's environment, and its errors translated.

Endpoint, region, profile, role and keys come from where boto3 looks for them: AWS_ENDPOINT_URL,
AWS_PROFILE, ~/.aws, an instance's role. `EMORAY_S3_TIMEOUT` (seconds) limits the time of a
response.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

ATTEMPTS = 8  # of one request, with jitter between: about half a minute in all
PROBES = 5  # of the first request: a wrong endpoint fails soon
CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
CONNECTIONS = 16
FORBIDDEN = {
    *("403", "AccessDenied", "Forbidden", "AllAccessDisabled", "InvalidAccessKeyId"),
    *("SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
}
SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}
SKEW_SECONDS = 300.0  # that S3 bears is 15 minutes; a response to HEAD names no reason
ABSENT = {"404", "NoSuchKey", "NotFound"}
TAKEN = {"412", "PreconditionFailed"}
CONTESTED = {"409", "ConditionalRequestConflict"}  # two conditional puts at once: ask again

_making = threading.Lock()  # boto3 makes clients in one thread at a time


def read_seconds() -> float:
    """The limit of time of a response; ValueError where the environment holds no number above 0."""
    text = os.environ.get("EMORAY_S3_TIMEOUT", "")
    try:
        seconds = float(text or READ_SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(
            f"EMORAY_S3_TIMEOUT is a number of seconds above 0, got {text!r}: 30 is usual"
        )
    return seconds


def client(attempts: int | None = None) -> Any:
    """Return boto3's client of this process and its environment; safe to share among threads."""
    settings = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
    with _making:
        return _client(os.getpid(), hash(tuple(settings)), read_seconds(), attempts or ATTEMPTS)


@lru_cache(maxsize=8)
def _client(pid: int, environment: int, seconds: float, attempts: int) -> Any:
    from boto3.session import Session
    from botocore.config import Config

    config = Config(
        connect_timeout=min(CONNECT_SECONDS, seconds),
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=CONNECTIONS,
        # Ours is a SHA-256 of every object, which any server understands; boto3's default is not.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    for name in [n for n, value in os.environ.items() if n.startswith("AWS_") and not value]:
        del os.environ[name]  # to boto3 a profile or an endpoint of no letters is one to look for
    with translated_errors("a connection to S3"):
        try:
            session = Session()
            made = session.client("s3", config=config)
            if not is_amazon(made):  # most other servers know no bucket in a host's name
                path = Config(s3={"addressing_style": "path"})
                made = session.client("s3", config=config.merge(path))
        except ValueError:  # its message would show the endpoint with all that stands in it
            raise ConnectionError(
                "S3's endpoint is a URL such as https://host:port, got none in AWS_ENDPOINT_URL "
                "or the profile: correct it"
            ) from None
    return made


def is_amazon(made: Any) -> bool:
    """Whether the client is connected to AWS itself."""
    host = urlsplit(made.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def code_of(error: Any) -> str:
    """S3's own code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _is_skewed(error: Any) -> bool:
    """Whether S3 refused because of this machine's clock."""
    code = code_of(error)
    date = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if code in FORBIDDEN and date:
        return abs(time.time() - parsedate_to_datetime(date).timestamp()) > SKEW_SECONDS
    return code in SKEWED


class UnansweredError(ConnectionError):
    """S3 was asked again and again, and was busy or did not answer: later it may."""


@contextmanager
def translated_errors(what: str) -> Iterator[None]:
    """Raise boto3's errors as OSErrors with `what`, the rule and the remedy, without secrets."""
    from boto3.exceptions import Boto3Error, S3UploadFailedError
    from botocore import exceptions as boto

    try:
        yield
    except boto.ClientError as error:
        raise _client_error(what, error) from None
    except (boto.NoCredentialsError, boto.PartialCredentialsError, boto.ProfileNotFound) as error:
        raise PermissionError(
            f"S3 asks who is calling, got no usable credentials for {what} "
            f"({type(error).__name__}): set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or run where a role is attached"
        ) from None
    except S3UploadFailedError as error:
        inner = error.__context__
        if isinstance(inner, boto.ClientError):
            raise _client_error(what, inner) from None
        raise OSError(f"S3 must take what is written, got a failed upload of {what}") from error
    except (boto.HTTPClientError, boto.ConnectionError) as error:
        raise UnansweredError(
            f"S3 must answer within {read_seconds():g} s, got {type(error).__name__} for {what} "
            "again and again: check AWS_ENDPOINT_URL and the network, then run the same command "
            "again; finished work is kept"
        ) from None
    except (boto.BotoCoreError, Boto3Error) as error:
        raise OSError(
            f"S3 must be set up as boto3 wants it, got {type(error).__name__} for {what}: check "
            "AWS_ENDPOINT_URL, AWS_REGION and ~/.aws/config"
        ) from None


def _client_error(what: str, error: Any) -> OSError:
    code = code_of(error)
    if code in ABSENT:
        return FileNotFoundError(f"an object must exist, got none at {what}: check the name")
    if code == "NoSuchBucket":
        return OSError(
            f"a bucket must exist, got none for {what}: create it, or correct the name and "
            "AWS_ENDPOINT_URL"
        )
    if _is_skewed(error):
        return OSError(
            f"the clocks of this machine and of S3 agree within minutes, got {code} for {what}: "
            "set this machine's clock, then run the same command again; finished work is kept"
        )
    if code in FORBIDDEN:
        return PermissionError(
            f"S3 must allow reading, writing and listing, got {code} for {what}: check the "
            "credentials and the bucket's policy, then run the same command again"
        )
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return (UnansweredError if status >= 500 else OSError)(
        f"S3 must do what it is asked, got {code or 'an error'} ({status}) for {what}: run the "
        "same command again; finished work is kept"
    )
