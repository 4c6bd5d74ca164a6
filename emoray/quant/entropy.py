"""Clipping ranges by relative entropy (Migacz 2017, "8-bit inference with TensorRT").

The histogram of |w| is cut at a threshold, its outliers are counted into the last filled bin that
is kept (P), and the same bins, merged into the integer levels and spread again, form Q. The
threshold with the least KL(P || Q) wins. S slices, M values in each, H histogram bins, L levels.
"""

import numpy as np

BINS = 2048
STRIDE = 8  # a threshold at every 8th bin: 0.4 % of the largest value
FEWEST = 1024  # values that a slice needs for a histogram of its own
CHUNK = 256  # slices whose histograms are held at a time: 4 MB for each of their prefix sums


def _x_log_x(counts: np.ndarray) -> np.ndarray:
    return counts * np.log(np.where(counts > 0, counts, 1.0))


def _cumulated(rows_SH: np.ndarray) -> np.ndarray:
    """Prefix sums with a leading 0, shape (S, H + 1)."""
    return np.pad(np.cumsum(rows_SH, axis=1, dtype=np.float64), ((0, 0), (1, 0)))


def _histogram(magnitudes_SM: np.ndarray, largest_S: np.ndarray) -> np.ndarray:
    """Count each slice's magnitudes over (0, its largest].

    Exact zeros are left out: every threshold keeps them, yet their spike would swamp the rest.

    Returns:
        counts_SH.
    """
    bins_SM = (magnitudes_SM / largest_S[:, None] * BINS).astype(np.int64)
    np.minimum(bins_SM, BINS - 1, out=bins_SM)
    bins_SM += BINS * np.arange(len(bins_SM))[:, None]
    counts_SH = np.bincount(bins_SM.ravel(), minlength=BINS * len(bins_SM)).reshape(-1, BINS)
    counts_SH[:, 0] -= (magnitudes_SM == 0).sum(axis=1)
    return counts_SH


def _best_ratio(counts_SH: np.ndarray, levels: int) -> np.ndarray:
    """Choose the share of the histogram to keep, by least KL(P || Q).

    Within a level Q is flat over the non-empty bins, so both sums of the divergence are
    differences of prefix sums: no candidate walks over the bins.

    Returns:
        ratio_S, in (0, 1].
    """
    counts_SH = counts_SH.astype(np.float64)
    total_S = np.maximum(counts_SH.sum(axis=1), 1.0)
    mass = _cumulated(counts_SH)
    filled = _cumulated(counts_SH > 0)
    information = _cumulated(_x_log_x(counts_SH))
    bins_SH = np.where(counts_SH > 0, np.arange(BINS), -1)
    last_filled = np.maximum.accumulate(bins_SH, axis=1)
    slices_S = np.arange(len(total_S))
    best_S, least_S = np.full(len(total_S), BINS), np.full(len(total_S), np.inf)
    for kept in range(BINS, max(levels, STRIDE) - 1, -STRIDE):
        edges = np.linspace(0, kept, levels + 1).astype(np.int64)
        mass_SL, filled_SL = np.diff(mass[:, edges]), np.diff(filled[:, edges])
        flat_SL = mass_SL / np.maximum(filled_SL, 1.0)
        log_SL = np.log(np.where(flat_SL > 0, flat_SL, 1.0))
        # Outliers join the last bin that holds anything: on an empty one Q would be infinitely far.
        end_S = last_filled[:, kept - 1]
        end_level_S = np.searchsorted(edges, end_S, side="right") - 1
        end_count_S, outside_S = counts_SH[slices_S, end_S], total_S - mass[:, kept]
        p_log_p = information[:, kept] - _x_log_x(end_count_S) + _x_log_x(end_count_S + outside_S)
        p_log_q = (mass_SL * log_SL).sum(axis=1) + outside_S * log_SL[slices_S, end_level_S]
        inside_S = np.maximum(mass[:, kept], 1.0)
        divergence_S = (p_log_p - p_log_q) / total_S + np.log(inside_S / total_S)
        better_S = (end_S >= 0) & (divergence_S < least_S)
        best_S[better_S], least_S[better_S] = kept, divergence_S[better_S]
    return best_S / BINS


def _own_thresholds(magnitudes_SM: np.ndarray, levels: int) -> np.ndarray:
    largest_S = magnitudes_SM.max(axis=1)
    safe_S = np.where(largest_S > 0, largest_S, 1.0)
    ratio_S = np.empty_like(largest_S)
    for start in range(0, len(ratio_S), CHUNK):
        part = slice(start, start + CHUNK)
        ratio_S[part] = _best_ratio(_histogram(magnitudes_SM[part], safe_S[part]), levels)
    return largest_S * ratio_S


def entropy_threshold(magnitudes_SM: np.ndarray, levels: int) -> np.ndarray:
    """Choose a clip threshold on |w| for each slice.

    Slices with fewer than 1,024 values are too short for a histogram of their own: each is divided
    by its root mean square, one histogram is pooled from all, and its threshold, in root mean
    squares, applies to every slice. With fewer than 1,024 values in all, nothing is clipped.

    Args:
        magnitudes_SM: |w|.
        levels: number of integer levels from 0 up.

    Returns:
        threshold_S.
    """
    magnitudes_SM = magnitudes_SM.astype(np.float64)
    if magnitudes_SM.shape[1] >= FEWEST:
        return _own_thresholds(magnitudes_SM, levels)
    largest_S = magnitudes_SM.max(axis=1)
    if magnitudes_SM.size < FEWEST or not largest_S.any():
        return largest_S
    rms_S = np.sqrt(np.square(magnitudes_SM).mean(axis=1))
    alive_S = rms_S > 0
    pooled_1P = (magnitudes_SM[alive_S] / rms_S[alive_S, None]).reshape(1, -1)
    return np.minimum(largest_S, _own_thresholds(pooled_1P, levels) * rms_S)
