"""Few of many schemes: any two choices that meet in one of all still meet in one of these."""

from collections.abc import Iterable
from itertools import combinations

from emoray.quant.catalogue import all_schemes
from emoray.quant.scheme import QuantScheme

Pair = tuple[tuple[str, object], ...]


def pairs_of(scheme: QuantScheme) -> set[Pair]:
    """Every two choices that a scheme makes; one percentile stands for all."""
    choices = {
        "bits": scheme.bits,
        "symmetric": scheme.symmetric,
        "grain": scheme.grain,
        "ranges": type(scheme.ranges),
    }
    return set(combinations(choices.items(), 2))


def pairwise(schemes: Iterable[QuantScheme]) -> list[QuantScheme]:
    """Greedily, the scheme with most pairs that are still missing first."""
    candidates = sorted(set(schemes), key=str)
    missing = set[Pair]().union(*map(pairs_of, candidates))
    chosen = []
    while missing:
        chosen.append(max(candidates, key=lambda scheme: len(pairs_of(scheme) & missing)))
        missing -= pairs_of(chosen[-1])
    return chosen


TENSOR_SCHEMES = pairwise(
    part for s in all_schemes().values() for part in (s.dense, s.embedding) if part
)
