"""Each peer makes its own model from one checkpoint, in an interpreter of its own.

Shapes: N texts, L tokens, K labels.
"""

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.benchmarks.peers.environment import Environment, PeerError, call
from emoray.stages.checkpoint import ReadCheckpoint, ReadCorpus
from emoray.stages.encoding import read_texts
from emoray.stages.interleaved_timing import Model

MODEL = "model.onnx"
SCRIPTS = Path(__file__).parent
RUN_S = 1800

COMMON = ("torch==2.13.0", "onnx==1.23.2", "onnxruntime==1.31.1", "numpy==2.4.6")
OPTIMUM = Environment(
    name="optimum",
    requirements=("optimum==2.1.0", "optimum-onnx==0.1.0", "transformers==4.57.6", *COMMON),
)
OLIVE = Environment(
    name="olive",  # requests: Olive imports it and does not ask for it
    requirements=("olive-ai==0.13.0", "requests==2.34.2", "transformers==5.23.0", *COMMON),
)
SETFIT = Environment(
    name="setfit",  # it asks for transformers below 5
    requirements=(
        *("setfit==1.2.0", "sentence-transformers==5.7.0", "transformers==4.57.6"),
        *("datasets==5.0.1", "scikit-learn==1.9.1", "torch==2.13.0", "numpy==2.4.6"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A tool and how it is called.

    Attributes:
        name: of its row.
        script: a file of this folder, called with the checkpoint, its float model.onnx and the file
            to write.
        arguments: further ones.
        environment: None for this interpreter.
    """

    tag: ClassVar[str] = "Peer"

    name: str
    script: str
    arguments: tuple[str, ...] = ()
    environment: Environment | None = None

    def __post_init__(self) -> None:
        if not (SCRIPTS / self.script).is_file():
            there = ", ".join(sorted(path.name for path in SCRIPTS.glob("*_dynamic.py")))
            raise ValueError(f"a peer's script is one of {there}, got {self.script}: name one")


_ORT, _OPTIMUM, _OLIVE = "onnxruntime_dynamic.py", "optimum_dynamic.py", "olive_dynamic.py"
FLOAT = Peer(name="ort float", script="torch_model.py")
PEERS = (
    Peer(name="ort", script=_ORT),
    Peer(name="ort per channel", script=_ORT, arguments=("--per-channel",)),
    Peer(name="ort optimizer", script=_ORT, arguments=("--per-channel", "--optimize")),
    Peer(name="optimum", script=_OPTIMUM, environment=OPTIMUM),
    Peer(name="optimum fused", script=_OPTIMUM, arguments=("--optimize",), environment=OPTIMUM),
    Peer(name="olive", script=_OLIVE, environment=OLIVE),
    Peer(name="olive fused", script=_OLIVE, arguments=("--optimize",), environment=OLIVE),
)


def _digest(script: str) -> str:
    """SHA-256 of a script and those next to it, which it may import."""
    names = sorted({script, "torch_model.py", "onnxruntime_dynamic.py"})
    return hashlib.sha256(b"".join((SCRIPTS / name).read_bytes() for name in names)).hexdigest()


def _made(peer: Peer, cache: Path, checkpoint: Path, model: Path, out: Path) -> None:
    python = peer.environment.interpreter(cache) if peer.environment else Path(sys.executable)
    command: list[str | Path] = [
        python,
        SCRIPTS / peer.script,
        checkpoint,
        model,
        out / MODEL,
        *peer.arguments,
    ]
    output = call(command, seconds=RUN_S, folder=out, what=peer.name)
    if not (out / MODEL).is_file():
        raise PeerError(f"{peer.name} ended without a model")
    (out / "said.txt").write_text(output, "utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The checkpoint as torch.onnx exports transformers' model: where every peer starts."""

    name: ClassVar[str] = "peer_float"
    version: ClassVar[int] = 1

    checkpoint: ReadCheckpoint
    script: str = field(default_factory=lambda: _digest(FLOAT.script))

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `model.onnx`."""
        _made(FLOAT, out, inputs["checkpoint"], out / MODEL, out)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeByPeer:
    """The model of one peer; `cache` is where environments are installed."""

    name: ClassVar[str] = "peer"
    version: ClassVar[int] = 1

    checkpoint: ReadCheckpoint
    exported: Exported
    peer: Peer
    script: str
    cache: Path

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `model.onnx`."""
        _made(self.peer, self.cache, inputs["checkpoint"], inputs["exported"] / MODEL, out)


def quantized_peer(peer: Peer, checkpoint: ReadCheckpoint, cache: Path) -> QuantizeByPeer:
    """The stage of a peer on a checkpoint."""
    return QuantizeByPeer(
        checkpoint=checkpoint,
        exported=Exported(checkpoint=checkpoint),
        peer=peer,
        script=_digest(peer.script),
        cache=cache,
    )


def peer_model(path: Path, threads: int) -> Model:
    """A peer's model.onnx as a function of ids_NL, for any of the usual inputs."""
    from emoray.artifact.scoring import scoring_session

    session = scoring_session(path, threads=threads)
    asked = {given.name for given in session.get_inputs()}

    def run(ids_NL: np.ndarray) -> np.ndarray:
        ids = np.asarray(ids_NL, np.int64)
        feed = {"input_ids": ids, "attention_mask": (ids != 0).astype(np.int64)}
        return np.asarray(session.run(None, {n: feed[n] for n in feed if n in asked})[0])

    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePeer:
    """Logits of dev and test, in the batches in which artifacts are scored."""

    name: ClassVar[str] = "score_peer"
    version: ClassVar[int] = 1

    made: Exported | QuantizeByPeer
    text: ReadCorpus

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `logits.npz`; PeerError where logits are not finite."""
        from emoray.artifact.scoring import scoring_batches

        model, found = peer_model(inputs["made"] / MODEL, 1), {}
        for split in ("dev", "test"):
            texts, _ = read_texts(inputs["text"], split)
            rows, parts = zip(*((r, model(ids)) for r, ids in scoring_batches(texts)), strict=True)
            order = np.concatenate(rows)
            found[split] = np.concatenate(parts)[np.argsort(order, kind="stable")]
            if not np.isfinite(found[split]).all():
                raise PeerError("its logits are NaN or infinite")
        np.savez(out / "logits.npz", allow_pickle=False, **found)
