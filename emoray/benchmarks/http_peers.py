"""The same artifact behind emoray's service, LitServe and BentoML: one run, the same load.

Each has one worker of one thread and runs the artifact's own runtime, as its guide says: neither
of the two knows thresholds or a temperature. Text by text the services are asked in turn, so that
what disturbs one disturbs all.
"""

import gc
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from emoray.artifact import runtime
from emoray.benchmarks.figures import BenchmarkFigure, less_is_better, more_is_better
from emoray.benchmarks.http_load import batches_of, median_ms, offered, seconds_each
from emoray.benchmarks.http_server import PORT, HttpServer, Running, emoray_server, started
from emoray.benchmarks.http_service import write_made
from emoray.benchmarks.peers.environment import QUIET, Environment, PeerError
from emoray.console.progress import Say
from emoray.serving.extra import require_serve
from emoray.storage.cache import user_cache

RUNTIME = ("onnxruntime==1.31.1", "numpy==2.4.6")
LITSERVE = Environment(name="litserve", requirements=("litserve==0.2.19", *RUNTIME))
BENTOML = Environment(name="bentoml", requirements=("bentoml==1.4.40", *RUNTIME))
SCRIPTS = Path(__file__).parent / "peers"
SERVE = ("-m", "bentoml", "serve")
PEERS: dict[Environment, tuple[Sequence[str], str]] = {  # arguments of Python, path when ready
    LITSERVE: (["litserve_service.py", "artifact", PORT], "/health"),
    BENTOML: (
        [*SERVE, "bentoml_service:Emotions", "--host", "127.0.0.1", "--port", PORT],
        "/readyz",
    ),
}
EMORAY = "emoray"


def _silent(what: str) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """What is measured of one service."""

    ready_s: float
    text_ms: float
    requests_s: float
    unloaded_ms: float  # p99 of a request of 32 texts
    over_ms: float  # p99 of those answered at twice what it can answer
    answered: float
    other_refusals: float  # share of refusals that are no 429
    own_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPeers:
    """One text, many texts, too many texts, memory and start, beside the usual servers."""

    name: ClassVar[str] = "http-peers"

    dim: int = 50
    texts: int = 32
    requests: int = 600
    seed: int = 0
    cache: Path | None = None  # of the peers' environments; None: the user's own
    say: Say = field(default=_silent, repr=False)

    @property
    def title(self) -> str:
        """Heading of the table."""
        return "http-peers: one artifact behind emoray, LitServe and BentoML, one thread each"

    def check(self) -> None:
        """Refuse (ValueError) where the extra is missing."""
        require_serve()

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Start all services, ask each alike, and compare.

        Returns:
            Figures beside each peer; of one that could not be installed or started there are none,
            and the line that says why.

        Raises:
            ValueError: none of the peers runs here.
        """
        with tempfile.TemporaryDirectory(prefix="http-peers-") as scratch, ExitStack() as stack:
            folder = Path(scratch)
            texts = write_made(folder / "artifact", self.dim, self.seed)
            running = {}
            for name, server in self._servers(folder).items():
                self.say(f"{name} starts")
                try:
                    running[name] = stack.enter_context(started(server))
                except OSError as error:
                    self.say(f"{name}: {error}")
            if len(running) < 2:
                raise ValueError(
                    "services are compared where a peer can be installed and started, got none: "
                    "look at what is said above, then --only http-peers again"
                )
            gc.collect()
            gc.freeze()  # this process' own pauses are not the services'
            measured = self._measured(running, texts)
        return tuple(
            figure
            for name, theirs in measured.items()
            if name != EMORAY
            for figure in self._compared(name, measured[EMORAY], theirs)
        )

    def _servers(self, folder: Path) -> dict[str, HttpServer]:
        """Ours, and those of the peers that can be installed."""
        for script in SCRIPTS.glob("*_service.py"):
            shutil.copyfile(script, folder / script.name)
        shutil.copyfile(Path(runtime.__file__), folder / "classifier.py")
        found = {EMORAY: emoray_server(folder / "artifact")}
        cache = (self.cache or user_cache() / "peers").absolute()
        quiet = {**QUIET, "BENTOML_HOME": str(folder), "EMORAY_ARTIFACT": "artifact"}
        for environment, (command, ready) in PEERS.items():
            self.say(f"{environment.name}: its environment")
            try:
                python = environment.interpreter(cache)
            except PeerError as error:
                self.say(str(error))
                continue
            found[environment.name] = HttpServer(
                command=[python, *command], ready=ready, folder=folder, environment=quiet
            )
        return found

    def _measured(self, running: dict[str, Running], texts: Sequence[str]) -> dict[str, _Measured]:
        ports = {name: server.port for name, server in running.items()}
        self.say("text by text")
        one = median_ms(ports, texts)
        batches = batches_of(texts, self.texts, self.requests)
        found = {}
        for name, server in running.items():
            self.say(f"{name}: {self.texts} texts a request")
            each = seconds_each(server.port, batches[:200])
            unloaded = offered(server.port, batches[:200], 0.1 / each, self.seed)
            over = offered(server.port, batches, 2 / each, self.seed)
            others = [status for status in over.refused if status != 429]
            found[name] = _Measured(
                ready_s=server.ready_s,
                text_ms=one[name],
                requests_s=1 / each,
                unloaded_ms=unloaded.p99(),
                over_ms=over.p99(),
                answered=len(over.seconds) / len(batches),
                other_refusals=len(others) / max(1, len(over.refused)),
                own_mb=server.own_mb(),
            )
        return found

    def _compared(
        self, name: str, ours: _Measured, theirs: _Measured
    ) -> tuple[BenchmarkFigure, ...]:
        costs = (
            ("ready after", "ready_s", "s"),
            ("one text, p50", "text_ms", "ms"),
            (f"{self.texts} texts at a tenth of what it can answer, p99", "unloaded_ms", "ms"),
            ("those answered at twice what it can, p99", "over_ms", "ms"),
            ("memory of all its processes", "own_mb", "MB"),
        )
        return (
            *(
                less_is_better(
                    f"{name}: {what}",
                    ours=getattr(ours, attribute),
                    theirs=getattr(theirs, attribute),
                    unit=unit,
                )
                for what, attribute, unit in costs
            ),
            more_is_better(
                f"{name}: requests of {self.texts} texts a second",
                ours=ours.requests_s,
                theirs=theirs.requests_s,
                unit="1/s",
            ),
            BenchmarkFigure(
                name=f"{name}: share that it answers at twice what it can",
                ours=theirs.answered,
                unit="",
            ),
            BenchmarkFigure(
                name=f"{name}: share of its refusals that are no 429",
                ours=theirs.other_refusals,
                unit="",
            ),
            BenchmarkFigure(
                name="emoray: share that it answers there", ours=ours.answered, unit=""
            ),
        )
