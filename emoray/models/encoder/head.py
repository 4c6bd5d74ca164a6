"""A head fitted by itself to an encoder's sentence vectors, the encoder as it is or trained first.

Shapes: N texts, L tokens, D width, K labels.
"""

import time

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from emoray.models.batches import PaddedTexts
from emoray.models.contrast import Contrast, contrast_loss
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.tuning import PairsFirst
from emoray.models.losses import Loss
from emoray.models.training import bfloat16_here, device_here, torch_ops

TOGETHER = 64  # texts that are encoded at a time
WARM = 0.1  # share of the steps of pairs to reach the learning rate
LIMIT = 200  # steps of L-BFGS


def _ids(texts: PaddedTexts, rows: np.ndarray, device: torch.device) -> Tensor:
    ids_NL = texts.ids_NL[rows, : texts.lengths_N[rows].max()]
    return torch.from_numpy(ids_NL.astype(np.int64)).to(device)


@torch.no_grad()
def read_vectors(model: EncoderClassifier, texts: PaddedTexts) -> np.ndarray:
    """Return what the head reads of each text, vectors_ND, float32, without dropout."""
    model.eval()
    device = next(model.parameters()).device
    order = np.argsort(texts.lengths_N, kind="stable")
    parts = [
        model.vectors(_ids(texts, order[i : i + TOGETHER], device)).float().cpu().numpy()
        for i in range(0, len(order), TOGETHER)
    ]
    vectors_ND = np.empty((len(order), parts[0].shape[1]), np.float32)
    vectors_ND[order] = np.concatenate(parts)
    return vectors_ND


def fit_head(
    vectors_ND: np.ndarray, targets_NK: np.ndarray, loss: Loss, prior_K: np.ndarray, c: float
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise a loss over the weights of a linear head by L-BFGS, on standardized vectors.

    Args:
        vectors_ND: of train.
        targets_NK: between 0 and 1.
        loss: of each text and label.
        prior_K: the labels' shares of train, where the bias begins.
        c: the penalty is 1/(2c) times the squared weights, beside the loss summed over texts.

    Returns:
        kernel_DK and bias_K for the vectors as they are.
    """
    ops = torch_ops(torch.device("cpu"))
    mean_D = vectors_ND.mean(0, dtype=np.float64)
    deviation_D = np.maximum(vectors_ND.std(0, dtype=np.float64), 1e-6)
    scaled_ND = torch.from_numpy(((vectors_ND - mean_D) / deviation_D).astype(np.float32))
    targets = torch.from_numpy(targets_NK.astype(np.float32))
    start_K = np.log(prior_K / (1 - prior_K)) + np.log(loss.positive_weights(prior_K))
    kernel_DK = torch.zeros((vectors_ND.shape[1], targets.shape[1]), requires_grad=True)
    bias_K = torch.tensor(start_K, dtype=torch.float32, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [kernel_DK, bias_K], max_iter=LIMIT, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        lost_NK = loss.of(scaled_ND @ kernel_DK + bias_K, targets, prior_K, ops)
        total: Tensor = (lost_NK.sum() + kernel_DK.square().sum() / (2 * c)) / len(scaled_ND)
        total.backward()
        return total

    optimizer.step(closure)
    own_DK = kernel_DK.detach().numpy().astype(np.float64) / deviation_D[:, None]
    own_K = bias_K.detach().numpy() - mean_D @ own_DK
    return own_DK.astype(np.float32), own_K.astype(np.float32)


def learn_pairs(
    model: EncoderClassifier, pairs: PairsFirst, texts: PaddedTexts, *, seed: int, bf16: bool
) -> float:
    """Train an encoder so that vectors of texts with common labels are near each other.

    Args:
        model: its head learns nothing.
        pairs: how.
        texts: with their labels.
        seed: of batches and dropout.
        bf16: whether to compute in bfloat16 where the processor does that itself.

    Returns:
        The mean loss of the last epoch.

    Raises:
        FloatingPointError: the loss stopped being a number.
    """
    device = next(model.parameters()).device
    ops = torch_ops(device)
    contrast = Contrast(temperature=pairs.temperature, similarity=pairs.similarity)
    body = [p for name, p in model.named_parameters() if not name.startswith("head.")]
    optimizer = torch.optim.AdamW(body, lr=pairs.learning_rate, weight_decay=0.01)
    count = len(texts.lengths_N)
    steps = pairs.epochs * -(-count // pairs.batch_size)
    warm = max(1, int(WARM * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
    )
    labels = torch.from_numpy(texts.labels_NK.astype(np.float32)).to(device)
    random = np.random.default_rng([seed, count])
    losses: list[float] = []
    autocast = bf16 and bfloat16_here(device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        model.train()
        for _ in range(pairs.epochs):
            losses = []
            order = random.permutation(count)
            for start in range(0, count, pairs.batch_size):
                rows = order[start : start + pairs.batch_size]
                with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
                    vectors_ND = model.vectors(_ids(texts, rows, device))
                unit_ND, own_NK = F.normalize(vectors_ND.float(), dim=1), labels[rows]
                loss = contrast_loss(contrast, unit_ND, own_NK, unit_ND, own_NK, ops)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(body, 1.0)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
                losses.append(float(loss.detach()))
    found = float(np.mean(losses))
    if not np.isfinite(found):
        raise FloatingPointError(
            f"the loss of pairs must be a number, got {found}: lower the learning rate"
        )
    return found


def with_fitted_head(
    model: EncoderClassifier,
    train: PaddedTexts,
    *,
    loss: Loss,
    prior_K: np.ndarray,
    c: float,
    pairs: PairsFirst | None,
    seed: int,
    bf16: bool,
) -> tuple[float, float, float]:
    """Train what `pairs` asks for, then fit the head; the model then has both.

    Args:
        model: an encoder with a head of any weights.
        train: texts with targets.
        loss: of the head.
        prior_K: the labels' shares of train.
        c: as of `fit_head`.
        pairs: what the encoder learns before; None leaves it as it is.
        seed: of batches and dropout.
        bf16: as of `learn_pairs`.

    Returns:
        The loss of the last epoch of pairs (0 without), seconds, and seconds of processors.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    model.to(device_here())
    learned = 0.0 if pairs is None else learn_pairs(model, pairs, train, seed=seed, bf16=bf16)
    kernel_DK, bias_K = fit_head(read_vectors(model, train), train.labels_NK, loss, prior_K, c)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel_DK.T)))
        model.head.bias.copy_(torch.from_numpy(bias_K))
    return learned, time.perf_counter() - wall, time.process_time() - cpu
