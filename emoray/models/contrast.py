"""A loss beside the recipe's own: texts with like labels get like vectors.

Supervised contrastive learning (Khosla et al. 2020, eq. 2), graded by how much two label sets
overlap, as in Lin et al. 2022, "An effective deployment of contrastive learning in multi-label text
classification" (JSCL). Shapes: N texts, M candidates (these texts, then earlier ones), D width, K
labels.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from emoray.models.losses import Ops

SIMILARITIES = ("jaccard", "any")
TINY = 1e-30
MANY = 1e6  # times a small overlap is at least 1


@dataclass(frozen=True, slots=True)
class NoAuxiliary:
    """The recipe's loss and nothing else."""

    tag: ClassVar[str] = "NoAuxiliary"

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Each text's vector is drawn to those of texts that share labels with it, by as much as these.

    The vectors are what the head reads, at unit length.

    Attributes:
        weight: of this loss beside the recipe's, which is summed over labels.
        temperature: that cosines are divided by; less looks at the nearest texts alone.
        similarity: jaccard grades a pair by the share of their labels that both have (for soft
            targets Tanimoto's a·b / (a·a + b·b - a·b)); any counts every common label as much.
        queue: vectors of earlier texts that stand as candidates beside those of a batch (Wang et
            al. 2020, "Cross-batch memory"); emptied with every epoch.
    """

    tag: ClassVar[str] = "Contrast"

    weight: float = 0.1
    temperature: float = 0.1
    similarity: str = "jaccard"
    queue: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.weight < float("inf"):
            raise ValueError(
                f"weight must be finite and above 0, got {self.weight}: leave auxiliary out for "
                "none"
            )
        if not 0.02 <= self.temperature < float("inf"):
            raise ValueError(
                f"temperature must be at least 0.02, got {self.temperature}: below that float32 "
                "cannot hold the ratios; 0.1 is usual"
            )
        if self.similarity not in SIMILARITIES:
            raise ValueError(
                f"similarity is one of {', '.join(SIMILARITIES)}, got {self.similarity!r}: jaccard "
                "grades pairs by their common labels"
            )
        if self.queue < 0:
            raise ValueError(f"queue must be at least 0, got {self.queue}: 0 keeps no vectors")

    def __str__(self) -> str:
        queue = f"q{self.queue}" if self.queue else ""
        how = "" if self.similarity == "jaccard" else f"-{self.similarity}"
        return f"contrast{self.weight:g}t{self.temperature:g}{queue}{how}"


Auxiliary = NoAuxiliary | Contrast


def label_overlap(labels_NK: Any, others_MK: Any, similarity: str, ops: Ops) -> Any:
    """How alike the labels of texts and candidates are, (N, M), 0 to 1; 0 for a text without."""
    common_NM = ops.products(labels_NK, others_MK)
    if similarity == "any":
        return ops.clip(common_NM, 0.0, 1.0)
    size_N1, size_M1 = ops.total(labels_NK * labels_NK), ops.total(others_MK * others_MK)
    all_NM = ops.products(size_N1, size_M1 * 0 + 1) + ops.products(size_N1 * 0 + 1, size_M1)
    return common_NM / ops.clip(all_NM - common_NM, 1e-6, float("inf"))


def contrast_loss(
    contrast: Contrast,
    vectors_ND: Any,
    labels_NK: Any,
    candidates_MD: Any,
    candidate_labels_MK: Any,
    ops: Ops,
) -> Any:
    """The loss of a batch: minus the log-share of each text's candidates, weighed by overlap.

    For text i with overlaps s_ij: -sum_j s_ij log p_ij / sum_j s_ij, where p_ij is the softmax over
    candidates j != i of the cosine divided by the temperature; the mean over texts that share a
    label with any candidate.

    Args:
        contrast: temperature and similarity.
        vectors_ND: of unit length.
        labels_NK: their labels, or targets between 0 and 1.
        candidates_MD: the same vectors first, then those of a queue; of length 0 where it is empty.
        candidate_labels_MK: theirs.
        ops: of the library.

    Returns:
        A number; 0 where no two texts share a label.
    """
    # Cosines of at most 1: taking 1 away keeps every exponential within (0, 1].
    scores_NM = (ops.products(vectors_ND, candidates_MD) - 1) * (1 / contrast.temperature)
    there_M1 = ops.total(candidates_MD * candidates_MD)
    one_N1 = ops.total(vectors_ND) * 0 + 1
    others_NM = (1 - ops.eye(scores_NM)) * ops.products(one_N1, there_M1)
    log_all_N1 = ops.log(ops.total(ops.exp(scores_NM) * others_NM) + TINY)
    overlap_NM = label_overlap(labels_NK, candidate_labels_MK, contrast.similarity, ops)
    weights_NM = overlap_NM * others_NM
    weight_N1 = ops.total(weights_NM)
    shared_N1 = ops.clip(weight_N1 * MANY, 0.0, 1.0)
    lost_N1 = ops.total(weights_NM * (log_all_N1 - scores_NM))
    each_N1 = lost_N1 / ops.clip(weight_N1, 1 / MANY, float("inf"))
    return ops.sum(each_N1) / ops.clip(ops.sum(shared_N1), 1.0, float("inf"))
