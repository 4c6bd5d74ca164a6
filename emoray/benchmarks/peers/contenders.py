"""Every way to run a checkpoint's model: made, scored, ready to be timed, or why it is not.

Shapes: N texts, K labels.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoray.benchmarks.peers.environment import PeerError, last_line
from emoray.benchmarks.peers.making import (
    FLOAT,
    MODEL,
    Exported,
    Peer,
    ScorePeer,
    peer_model,
    quantized_peer,
)
from emoray.console.progress import Say
from emoray.quant.scheme import FLOAT as FLOAT_SCHEME
from emoray.quant.scheme_names import pick
from emoray.stages.checkpoint import Variant
from emoray.stages.compression import BASE
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.interleaved_timing import Model
from emoray.stages.speed import TORCH, TORCH_INT8, session_model
from emoray.stages.trained import SETTINGS, read_tensors
from emoray.workflows.compress import judging
from emoray.workflows.compress.variants import CompressionContext, make

EMORAY, PYTORCH = "emoray", "pytorch"
TRANSFORMERS = "transformers"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contender:
    """One way to run the model.

    Attributes:
        name: of its row.
        who: the tool that made it.
        integer: whether it runs on integers.
        open: returns the model for a number of threads.
        size: bytes.
        logits: of dev and test; None where they are those of another contender.
        why: what went wrong, empty where nothing did.
    """

    name: str
    who: str
    integer: bool
    open: Callable[[int], Model] | None = None
    size: int | None = None
    logits: ModelLogits | None = None
    why: str = ""


def _torch_size(model: Model) -> int:
    import torch

    sink = io.BytesIO()
    torch.save(model.module.state_dict(), sink)  # type: ignore[attr-defined]
    return sink.tell()


def by_torch(context: CompressionContext) -> Iterator[Contender]:
    """PyTorch in float32, in transformers' modules, and by its own quantize_dynamic."""
    from emoray.models.encoder.torch_baseline import baseline
    from emoray.models.encoder.weights import CheckpointSettings

    folder = context.store.make(context.checkpoint).folder
    text = context.store.make(context.text).folder
    settings = CheckpointSettings.from_json((folder / SETTINGS).read_text("utf-8"))
    for name in (TORCH, TORCH_INT8):
        model = baseline(read_tensors(folder), settings, by_torch=name == TORCH_INT8)
        scored = context.store.make(context.torch(name)).folder
        yield Contender(
            name=name,
            who=PYTORCH,
            integer=name == TORCH_INT8,
            open=lambda threads, model=model: model,  # type: ignore[misc]
            size=_torch_size(model),
            logits=judging.read_logits(scored, text),
        )

    def by_transformers(threads: int) -> Model:
        import torch

        from emoray.benchmarks.peers.torch_model import read_torch_model

        found = read_torch_model(folder)

        @torch.inference_mode()
        def run(ids_NL: np.ndarray) -> np.ndarray:
            ids = torch.from_numpy(np.asarray(ids_NL, np.int64))
            return np.asarray(found(ids, (ids != 0).long()).numpy())

        return run

    yield Contender(name=TRANSFORMERS, who=PYTORCH, integer=False, open=by_transformers)


def by_emoray(context: CompressionContext, names: Sequence[str], say: Say) -> Iterator[Contender]:
    """Our own artifacts under the schemes of these names."""
    text = context.store.make(context.text).folder
    made = make(context, pick(names), say)
    for name, scheme in pick(names).items():
        found: Variant | None = made.variants.get(name)
        integer = scheme != FLOAT_SCHEME
        if found is None:
            yield Contender(name=name, who=EMORAY, integer=integer, why=made.failed[name])
            continue
        path = context.store.make(found.compressed).folder / BASE / "model.onnx"
        yield Contender(
            name=name,
            who=EMORAY,
            integer=integer,
            open=lambda threads, path=path: session_model(path, threads),  # type: ignore[misc]
            size=path.stat().st_size,
            logits=judging.read_logits(context.store.make(found.scored).folder, text),
        )


def _of(peer: Peer) -> str:
    return peer.environment.name if peer.environment else "onnxruntime"


def by_peer(context: CompressionContext, peer: Peer, cache: Path) -> Contender:
    """A peer's model of the checkpoint; any error of the peer becomes the contender's `why`."""
    exported = Exported(checkpoint=context.checkpoint)
    made = exported if peer == FLOAT else quantized_peer(peer, context.checkpoint, cache)
    integer = peer != FLOAT
    try:
        path = context.store.make(made).folder / MODEL
        scored = context.store.make(ScorePeer(made=made, text=context.text)).folder
    except Exception as error:  # a foreign tool may fail in any way; that is a result
        why = str(error) if isinstance(error, PeerError) else f"{type(error).__name__}: {error}"
        return Contender(name=peer.name, who=_of(peer), integer=integer, why=last_line(why))
    return Contender(
        name=peer.name,
        who=_of(peer),
        integer=integer,
        open=lambda threads: peer_model(path, threads),
        size=path.stat().st_size,
        logits=judging.read_logits(scored, context.store.make(context.text).folder),
    )
