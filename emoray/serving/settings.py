"""How an artifact is served."""

from dataclasses import dataclass, field
from typing import Annotated

from emoray.options import Group, Option

DAY = 86_400
LEAST_TOKEN = 16
TOKEN = "EMORAY_SERVE_TOKEN"
ARTIFACT_HELP = (
    "Folder of the artifact, s3://bucket/prefix, or **model:NAME@production** of jobs.release."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """What one request may ask for, and how many may wait."""

    body_bytes: Annotated[
        int, Option(names=("--max-body-bytes",), least=1, help="Bytes of a body; more gets 413.")
    ] = 1_000_000
    texts: Annotated[
        int, Option(names=("--max-texts",), least=1, help="Texts of a request; more gets 422.")
    ] = 256
    characters: Annotated[
        int,
        Option(names=("--max-characters",), least=1, help="Characters of a text; more gets 422."),
    ] = 20_000
    waiting_ms: Annotated[
        float,
        Option(
            help="Milliseconds that a request may wait for a thread, by what those before it "
            "take lately; one for each thread may always wait, others get 429."
        ),
    ] = 5.0
    body_seconds: Annotated[
        float,
        Option(
            help="Seconds in which a client must have sent the head of a request, then its body "
            "(later gets 408), and have taken its answer; else its connection is closed."
        ),
    ] = 10.0
    seconds: Annotated[
        float,
        Option(names=("--request-seconds",), help="Seconds an answer may take; longer gets 503."),
    ] = 10.0

    def __post_init__(self) -> None:
        if self.waiting_ms < 0:
            raise ValueError(f"waiting-ms of a service is at least 0, got {self.waiting_ms}")
        for name in ("body_seconds", "seconds"):
            if not 0 < getattr(self, name) <= DAY:
                raise ValueError(
                    f"{name} of a service lies in (0, {DAY}], got {getattr(self, name)}"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLog:
    """Where requests are logged, if anywhere."""

    folder: Annotated[
        str | None,
        Option(
            names=("--log",),
            help="Folder, or s3://bucket/prefix, for a log of all requests in Parquet: hash and "
            "length of each text, logits, labels, model, milliseconds.  [default: no log]",
        ),
    ] = None
    texts: Annotated[bool, Option(names=("--log-texts",), help="Log the texts themselves too.")] = (
        False
    )
    rows: Annotated[
        int, Option(names=("--log-rows",), least=1, help="Rows of a file of the log.")
    ] = 50_000
    seconds: Annotated[
        float,
        Option(
            names=("--log-seconds",),
            help="Seconds after which a file of the log is finished, however few rows it has.",
        ),
    ] = 300.0

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= DAY:
            raise ValueError(f"log-seconds lie in (0, {DAY}], got {self.seconds}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One artifact, and how it answers."""

    artifact: Annotated[str, Option(argument="ARTIFACT", help=ARTIFACT_HELP)]
    taxonomy: Annotated[
        str | None,
        Option(help="That it decides in, such as ekman, where it was derived.  [default: its own]"),
    ] = None
    host: Annotated[str, Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = (
        "127.0.0.1"
    )
    port: Annotated[
        int, Option(least=0, most=65_535, help="Port to listen on; 0 takes a free one.")
    ] = 8000
    threads: Annotated[
        int | None,
        Option(
            least=1,
            help="Requests that are answered at once, one thread each.  [default: the processors "
            "that the control group grants]",
        ),
    ] = None
    shadow: Annotated[
        str | None,
        Option(help="A second artifact, which scores the same texts after they are answered."),
    ] = None
    split: Annotated[
        str | None,
        Option(
            help="An artifact that answers a share of the requests in place of the first: which "
            "ones, a hash of their key decides, or of their texts where they have none."
        ),
    ] = None
    split_share: Annotated[float, Option(help="Share of the requests that --split answers.")] = 0.1
    token: Annotated[
        str | None,
        Option(
            variable=TOKEN,
            help=f"Bearer token that requests for predictions must carry; better in the variable "
            f"{TOKEN}, which process lists do not show.",
        ),
    ] = None
    drain: Annotated[
        float,
        Option(help="Seconds after SIGTERM in which requests still are accepted."),
    ] = 5.0
    look_again: Annotated[
        float,
        Option(help="Seconds between two looks whether another artifact stands there now."),
    ] = 5.0
    limits: Annotated[RequestLimits, Group()] = field(default_factory=RequestLimits)
    log: Annotated[RequestLog, Group()] = field(default_factory=RequestLog)

    def __post_init__(self) -> None:
        if not 0 <= self.drain <= DAY:
            raise ValueError(f"drain lies in 0..{DAY} seconds, got {self.drain}")
        if not 0 < self.look_again <= DAY:
            raise ValueError(f"look-again lies in (0, {DAY}] seconds, got {self.look_again}")
        if not 0 < self.split_share < 1:
            raise ValueError(
                f"split-share lies between 0 and 1, got {self.split_share}: leave --split out for "
                "one artifact alone"
            )
        if self.token is not None and len(self.token) < LEAST_TOKEN:
            raise ValueError(
                f"a token has at least {LEAST_TOKEN} characters, got {len(self.token)}: "
                "python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
            )
