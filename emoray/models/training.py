"""Fit a PyTorch module to labels: AdamW, warm-up and linear decay, batches of like length.

Independent of the module: an encoder, or a network under fake quantization.
Shapes: N texts, L tokens, K labels.
"""

import contextlib
import os
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from emoray.models.batches import PaddedTexts, random_batches
from emoray.models.contrast import Auxiliary, Contrast, NoAuxiliary, contrast_loss
from emoray.models.losses import NUMPY, Loss, Ops
from emoray.models.outcome import Epoch
from emoray.models.text_module import TextModule

CHECKPOINT = "checkpoint.pt"
EVALUATED = 128  # texts a batch when only logits are wanted
# What torch.load makes of a file that is cut off, altered, or none of its own.
_DAMAGED = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    pickle.UnpicklingError,
)


def torch_ops(device: torch.device) -> Ops:
    """PyTorch's functions for losses."""
    return Ops(
        array=lambda vector: torch.tensor(vector, dtype=torch.float32, device=device),
        exp=torch.exp,
        log=torch.log,
        clip=torch.clamp,
        softplus=F.softplus,
        products=lambda one, other: one @ other.T,
        total=lambda values: values.sum(-1, keepdim=True),
        sum=torch.sum,
        eye=lambda values: torch.eye(*values.shape, device=device),
    )


def device_here() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def bfloat16_here(device: torch.device) -> bool:
    """Whether the processor computes in bfloat16 itself."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """Settings of fitting any module: a fine-tuning, or training under fake quantization.

    ema, auxiliary: as of a recipe.
    """

    epochs: int
    patience: int
    learning_rate: float
    warmup: float
    clip_norm: float
    batch_size: int
    seed: int
    bf16: bool
    loss: Loss
    ema: float = 0.0
    auxiliary: Auxiliary = field(default_factory=NoAuxiliary)


@dataclass(slots=True)
class _Progress:
    """The saved state after some epochs."""

    epochs: list[Epoch]
    kept: int
    best: float
    weights: dict[str, Tensor]


def _shapes(weights: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}


class ContrastQueue:
    """Vectors of the latest texts with their labels, beside which a batch is contrasted."""

    def __init__(self, contrast: Contrast, ops: Ops) -> None:
        self.contrast, self.ops = contrast, ops
        self.kept: tuple[Tensor, Tensor] | None = None

    def begin(self) -> None:
        """Empty the queue."""
        self.kept = None

    def of(self, vectors_ND: Tensor, labels_NK: Tensor) -> Tensor:
        """The weighted loss of a batch, whose vectors then join the queue."""
        unit_ND = F.normalize(vectors_ND.float(), dim=1)
        both = unit_ND, labels_NK
        if self.kept is not None:
            both = torch.cat([unit_ND, self.kept[0]]), torch.cat([labels_NK, self.kept[1]])
        loss: Tensor = contrast_loss(self.contrast, unit_ND, labels_NK, *both, self.ops)
        if self.contrast.queue:
            self.kept = both[0][: self.contrast.queue].detach(), both[1][: self.contrast.queue]
        return self.contrast.weight * loss


class Fit:
    """A module, its optimizer and its place in the schedule; every epoch can be saved."""

    def __init__(
        self,
        model: nn.Module,
        groups: Sequence[dict[str, Any]],
        settings: FitSettings,
        train: PaddedTexts,
        prior_K: np.ndarray,
        device: torch.device,
    ) -> None:
        self.model = model.to(device)
        self.averaged = (
            AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(settings.ema))
            if settings.ema
            else None
        )
        self.settings, self.train, self.device = settings, train, device
        self.prior_K, self.ops = prior_K, torch_ops(device)
        aux = settings.auxiliary
        self.contrast = ContrastQueue(aux, self.ops) if isinstance(aux, Contrast) else None
        self.at_once = max(settings.batch_size, EVALUATED)  # texts: fewer where a GPU is small
        self.optimizer = torch.optim.AdamW(list(groups), fused=True)
        steps = settings.epochs * -(-len(train.lengths_N) // settings.batch_size)
        warm = max(1, int(settings.warmup * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer,
            lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm))),
        )

    @property
    def result(self) -> nn.Module:
        """The module whose weights count: the moving average, where there is one."""
        return self.model if self.averaged is None else self.averaged.module

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        enabled = self.settings.bf16 and bfloat16_here(self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    def _ids(self, texts: PaddedTexts, rows: np.ndarray) -> Tensor:
        ids_NL = texts.ids_NL[rows, : texts.lengths_N[rows].max()]
        kind = np.float32 if ids_NL.dtype.kind == "f" else np.int64  # features, or ids
        return torch.from_numpy(ids_NL.astype(kind)).to(self.device)

    def _fewer(self, tried: int) -> None:
        """Halve the number of texts at once, within the handling of an out-of-memory error.

        The error is raised again where there is no room for a single text.
        """
        if tried == 1:
            raise
        self.at_once = tried // 2
        torch.cuda.empty_cache()

    def _forward(self, ids_NL: Tensor, targets_NK: Tensor) -> tuple[Tensor, Tensor | float]:
        """Logits, and the loss beside that of the labels."""
        if self.contrast is None:
            with self._autocast():
                return self.model(ids_NL), 0.0
        model = cast(TextModule, self.model)  # recipes of others know no contrast
        with self._autocast():
            vectors_ND = model.vectors(ids_NL)
            logits_NK = model.decided(vectors_ND)
        return logits_NK, self.contrast.of(vectors_ND, targets_NK)

    def _gradients(self, rows: np.ndarray) -> Tensor:
        """Add the gradients of a batch to the parameters'.

        As many texts at once as there is room for: parts of a batch add up to the gradients of the
        whole, but for rounding and where dropout strikes.

        Returns:
            The batch's mean loss.
        """
        while True:
            losses = []
            try:
                for start in range(0, len(rows), self.at_once):
                    part = rows[start : start + self.at_once]
                    targets = torch.from_numpy(self.train.labels_NK[part].astype(np.float32))
                    targets = targets.to(self.device)
                    logits, beside = self._forward(self._ids(self.train, part), targets)
                    loss_NK = self.settings.loss.of(logits, targets, self.prior_K, self.ops)
                    loss_NK = self.train.weighed(loss_NK, self.ops)
                    loss = (loss_NK.sum(1).mean() + beside) * (len(part) / len(rows))
                    loss.backward()
                    losses.append(loss.detach())
                return torch.stack(losses).sum()
            except torch.OutOfMemoryError:
                self.optimizer.zero_grad()
                self._fewer(min(self.at_once, len(rows)))

    def epoch(self, number: int, tick: Callable[[float], None]) -> float:
        """Train on all texts once; return the mean loss of the batches."""
        self.model.train()
        if self.contrast is not None:
            self.contrast.begin()
        seed = self.settings.seed * 1000 + number
        torch.manual_seed(seed)
        found = random_batches(
            self.train.lengths_N, self.settings.batch_size, np.random.default_rng(seed)
        )
        losses = []
        for i, rows in enumerate(found):
            loss = self._gradients(rows)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
            self.optimizer.step()
            if self.averaged is not None:
                self.averaged.update_parameters(self.model)
            self.schedule.step()
            self.optimizer.zero_grad()
            losses.append(loss)
            tick((i + 1) / len(found))
        return float(torch.stack(losses).mean())

    @torch.inference_mode()
    def logits(self, texts: PaddedTexts) -> np.ndarray:
        """Return logits_NK, float32, of the result, without dropout; those of heads are cut off."""
        self.result.eval()
        order = np.argsort(texts.lengths_N, kind="stable")
        logits_NK = np.empty(texts.labels_NK.shape, np.float32)
        own = texts.labels_NK.shape[-1]
        start = 0
        while start < len(order):
            rows = order[start : start + min(EVALUATED, self.at_once)]
            try:
                with self._autocast():
                    found = self.result(self._ids(texts, rows))[:, :own]
                    logits_NK[rows] = found.cpu().numpy()
                start += len(rows)
            except torch.OutOfMemoryError:
                self._fewer(len(rows))
        return logits_NK

    def save(self, path: Path, progress: _Progress) -> None:
        """Write everything that the next epoch needs, atomically."""
        state = {
            "epochs": [asdict(epoch) for epoch in progress.epochs],
            "kept": progress.kept,
            "best": progress.best,
            "weights": progress.weights,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": {"last_epoch": self.schedule.last_epoch},
        }
        if self.averaged is not None:
            state["averaged"] = self.averaged.state_dict()
        path.parent.mkdir(parents=True, exist_ok=True)  # gone where another process was done first
        part = path.with_suffix(f".{os.getpid()}")
        try:
            torch.save(state, part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def resume(self, path: Path) -> _Progress | None:
        """Read what `save` wrote; None without such a file, or without a whole one of this fit."""
        own = _shapes(self.model.state_dict())
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            progress = _Progress(
                [Epoch(**epoch) for epoch in state["epochs"]],
                state["kept"],
                state["best"],
                state["weights"],
            )
            if _shapes(state["model"]) != own or _shapes(progress.weights) != own:
                return None
            averaged = {} if self.averaged is None else self.averaged.state_dict()
            kept: dict[str, Tensor] = state.get("averaged", {})
            if _shapes(kept) != _shapes(averaged):
                return None
            last_epoch = state["schedule"]["last_epoch"]
            self.optimizer.load_state_dict(state["optimizer"])  # all of it or nothing
        except _DAMAGED:
            return None
        self.model.load_state_dict(state["model"])
        if self.averaged is not None:
            self.averaged.load_state_dict(kept)
        self.schedule.last_epoch = last_epoch
        return progress


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def fit(
    fitting: Fit,
    dev: PaddedTexts,
    score: Callable[[np.ndarray], float],
    *,
    keep_start: bool = False,
    keep_last: bool = False,
    unfinished: Path | None = None,
    report: Callable[[Epoch], None] = lambda epoch: None,
    tick: Callable[[float], None] = lambda share: None,
) -> tuple[tuple[Epoch, ...], int]:
    """Train until `patience` epochs bring nothing; the module then holds the best one's weights.

    Args:
        fitting: the module with its optimizer.
        dev: texts to score.
        score: maps dev logits to a score, higher is better.
        keep_start: whether the initial weights count as epoch 0.
        keep_last: whether all epochs are trained and the last one is kept, whatever its score.
        unfinished: folder where every epoch is saved, and from which a killed fit resumes.
        report: called after each epoch.
        tick: called with the share of an epoch that is done.

    Returns:
        The epochs, and the number of the kept one: 0 for the start.

    Raises:
        FloatingPointError: when the loss or a logit stops being a number.
    """
    settings = fitting.settings
    checkpoint = unfinished / CHECKPOINT if unfinished else None
    progress = fitting.resume(checkpoint) if checkpoint else None
    if progress is None:
        progress = _Progress([], 0, -1.0, {})
        if keep_start:
            progress.best = float(score(fitting.logits(dev)))
            progress.weights = _copy(fitting.result)
    while len(progress.epochs) < settings.epochs:
        number = len(progress.epochs) + 1
        if progress.epochs and number - 1 - progress.kept >= settings.patience:
            break
        wall, cpu = time.perf_counter(), time.process_time()
        with torch.random.fork_rng([fitting.device] if fitting.device.type == "cuda" else []):
            train_loss = fitting.epoch(number, tick)
        logits_NK = fitting.logits(dev)
        for what, value in (("training loss", train_loss), ("a dev logit", logits_NK.sum())):
            if not np.isfinite(value):
                raise FloatingPointError(
                    f"{what} must be a number, got {value} in epoch {number}: "
                    "lower the learning rate"
                )
        prior_K = fitting.prior_K[: dev.labels_NK.shape[1]]
        dev_NK = settings.loss.of(logits_NK, dev.labels_NK.astype(np.float32), prior_K, NUMPY)
        epoch = Epoch(
            epoch=number,
            train_loss=train_loss,
            dev_loss=float(dev_NK.sum(1).mean()),
            dev_macro_f1=float(score(logits_NK)),
            wall_seconds=time.perf_counter() - wall,
            cpu_seconds=time.process_time() - cpu,
        )
        progress.epochs.append(epoch)
        if epoch.dev_macro_f1 > progress.best or keep_last:
            progress.kept, progress.best = number, epoch.dev_macro_f1
            progress.weights = _copy(fitting.result)
        if checkpoint:
            fitting.save(checkpoint, progress)
        report(epoch)
    fitting.model.load_state_dict(progress.weights)
    return tuple(progress.epochs), progress.kept
