"""One logistic regression for each label, on TF-IDF or on features: the baselines of a search.

Fitted by scikit-learn (Salton & Buckley 1988; LIBLINEAR, Fan et al. 2008), kept and run as plain
float32 arrays, so that its bytes and its time are those of a deployment. Shapes: N texts, F words,
K labels.
"""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WORDS, ARRAYS = "vocabulary.txt", "weights.npz"
MATRIX = "features.npz"  # of a regression on features
Texts = Sequence[Sequence[str]]  # texts as their words


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TfidfModel:
    """Words with their idf, and weights and bias of each label's regression."""

    words: tuple[str, ...]
    idf_F: np.ndarray
    weights_FK: np.ndarray
    bias_K: np.ndarray
    place: dict[str, int]

    @classmethod
    def of(
        cls, words: Sequence[str], idf_F: np.ndarray, weights_FK: np.ndarray, bias_K: np.ndarray
    ) -> "TfidfModel":
        """Build the model from its arrays, in float32."""
        return cls(
            words=tuple(words),
            idf_F=idf_F.astype(np.float32),
            weights_FK=np.ascontiguousarray(weights_FK, np.float32),
            bias_K=bias_K.astype(np.float32),
            place={word: f for f, word in enumerate(words)},
        )

    @property
    def parameters(self) -> int:
        """The number of fitted numbers."""
        return self.idf_F.size + self.weights_FK.size + self.bias_K.size

    def files(self) -> dict[str, bytes]:
        """The files of a deployment, but for names and thresholds of the labels."""
        arrays = io.BytesIO()
        np.savez(arrays, idf_F=self.idf_F, weights_FK=self.weights_FK, bias_K=self.bias_K)
        return {
            WORDS: "".join(f"{word}\n" for word in self.words).encode(),
            ARRAYS: arrays.getvalue(),
        }

    @classmethod
    def read(cls, files: dict[str, bytes]) -> "TfidfModel":
        """Read the model of `files`."""
        words = files[WORDS].decode().split("\n")[:-1]
        with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as arrays:
            return cls.of(words, arrays["idf_F"], arrays["weights_FK"], arrays["bias_K"])

    def logits(self, texts: Texts) -> np.ndarray:
        """Return logits_NK, each text on its own."""
        out_NK = np.tile(self.bias_K, (len(texts), 1))
        for n, words in enumerate(texts):
            counted = Counter(f for word in words if (f := self.place.get(word)) is not None)
            if counted:
                found = np.fromiter(counted, np.int64, len(counted))
                times = np.fromiter(counted.values(), np.float32, len(counted))
                share = (1 + np.log(times)) * self.idf_F[found]
                out_NK[n] += (share / np.linalg.norm(share)) @ self.weights_FK[found]
        return out_NK


def _constant(share: float) -> float:
    """The logit of a label that all texts or none carry."""
    return float(np.log(share / (1 - share)))


def fit_tfidf(texts: Texts, labels_NK: np.ndarray, *, min_count: int, c: float) -> TfidfModel:
    """Fit TF-IDF and a regression a label.

    Term frequency is damped by its logarithm, idf smooth, a text's vector of unit length.

    Args:
        texts: words of each text.
        labels_NK: 0 or 1.
        min_count: texts with a word; all words are kept where that leaves none.
        c: the penalty is 1/(2c).

    Returns:
        The model.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    in_texts = Counter(word for words in texts for word in set(words))
    known = sorted(w for w, count in in_texts.items() if count >= min_count) or sorted(in_texts)
    prior_K = (labels_NK.sum(axis=0) + 0.5) / (len(labels_NK) + 1)
    bias_K = np.array([_constant(float(share)) for share in prior_K])
    weights_FK = np.zeros((len(known), labels_NK.shape[1]))
    if not known:
        return TfidfModel.of((), np.zeros(0), weights_FK, bias_K)
    vectorizer = TfidfVectorizer(analyzer=list, vocabulary=known, sublinear_tf=True)
    matrix_NF = vectorizer.fit_transform(texts)
    for k, carried_N in enumerate(labels_NK.astype(bool).T):
        if carried_N.all() or not carried_N.any():
            continue  # nothing to tell apart
        fitted = LogisticRegression(  # the dual is solved in a tenth of the primal's time
            C=c, solver="liblinear", dual=True, tol=1e-3, max_iter=1000, random_state=0
        ).fit(matrix_NF, carried_N)
        weights_FK[:, k], bias_K[k] = fitted.coef_[0], fitted.intercept_[0]
    return TfidfModel.of(known, vectorizer.idf_, weights_FK, bias_K)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureRegression:
    """Weights and bias of each label's regression on features, standardization folded in."""

    weights_FK: np.ndarray
    bias_K: np.ndarray

    @property
    def parameters(self) -> int:
        """The number of fitted numbers."""
        return self.weights_FK.size + self.bias_K.size

    def files(self) -> dict[str, bytes]:
        """The files of a deployment, but for names and thresholds of the labels."""
        arrays = io.BytesIO()
        np.savez(arrays, weights_FK=self.weights_FK, bias_K=self.bias_K)
        return {MATRIX: arrays.getvalue()}

    @classmethod
    def read(cls, files: dict[str, bytes]) -> "FeatureRegression":
        """Read the model of `files`."""
        with np.load(io.BytesIO(files[MATRIX]), allow_pickle=False) as arrays:
            return cls(weights_FK=arrays["weights_FK"], bias_K=arrays["bias_K"])

    def logits(self, rows_NF: np.ndarray) -> np.ndarray:
        """Return logits_NK."""
        return np.asarray(rows_NF @ self.weights_FK + self.bias_K)


def fit_features(rows_NF: np.ndarray, labels_NK: np.ndarray, *, c: float) -> FeatureRegression:
    """Fit a regression a label on standardized features.

    Args:
        rows_NF: of train.
        labels_NK: 0 or 1.
        c: the penalty is 1/(2c).

    Returns:
        The model.
    """
    from sklearn.linear_model import LogisticRegression

    mean_F, deviation_F = rows_NF.mean(0, dtype=np.float64), rows_NF.std(0, dtype=np.float64)
    factor_F = np.where(deviation_F > 0, 1 / np.where(deviation_F > 0, deviation_F, 1), 0)
    scaled_NF = (rows_NF - mean_F) * factor_F
    prior_K = (labels_NK.sum(axis=0) + 0.5) / (len(labels_NK) + 1)
    bias_K = np.array([_constant(float(share)) for share in prior_K])
    weights_FK = np.zeros((rows_NF.shape[1], labels_NK.shape[1]))
    for k, carried_N in enumerate(labels_NK.astype(bool).T):
        if carried_N.all() or not carried_N.any():
            continue  # nothing to tell apart
        fitted = LogisticRegression(C=c, tol=1e-3, max_iter=300).fit(scaled_NF, carried_N)
        weights_FK[:, k], bias_K[k] = fitted.coef_[0], fitted.intercept_[0]
    weights_FK *= factor_F[:, None]
    return FeatureRegression(
        weights_FK=weights_FK.astype(np.float32),
        bias_K=(bias_K - mean_F @ weights_FK).astype(np.float32),
    )
