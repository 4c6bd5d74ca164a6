"""TF-IDF and logistic regression against scikit-learn's own pipeline."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from emoray.models.linear import TfidfModel, fit_tfidf

RNG = np.random.default_rng(0)
LEXICON = [f"w{i}" for i in range(40)]
TEXTS = [list(RNG.choice(LEXICON, size=RNG.integers(1, 12))) for _ in range(200)]
LABELS = np.array([["w1" in t, "w2" in t or "w3" in t] for t in TEXTS])


def test_the_logits_of_a_linear_model_are_those_of_scikit_learn() -> None:
    found = fit_tfidf(TEXTS, LABELS, min_count=2, c=1.0)
    vectorizer = TfidfVectorizer(analyzer=list, min_df=2, sublinear_tf=True)
    matrix = vectorizer.fit_transform(TEXTS)
    assert list(vectorizer.get_feature_names_out()) == list(found.words)
    for k in range(2):
        theirs = LogisticRegression(solver="liblinear", tol=1e-6).fit(matrix, LABELS[:, k])
        apart = found.logits(TEXTS)[:, k] - theirs.decision_function(matrix)
        assert np.abs(apart).max() < 0.02


def test_a_linear_model_is_the_same_read_from_its_files_and_a_text_alone_as_among_others() -> None:
    found = fit_tfidf(TEXTS, LABELS, min_count=2, c=1.0)
    again = TfidfModel.read(found.files())
    assert again.files() == found.files() and again.words == found.words
    alone = np.concatenate([again.logits([text]) for text in TEXTS])
    assert (alone == found.logits(TEXTS)).all()
    assert found.parameters == 2 * len(found.words) + len(found.words) + 2


def test_a_text_without_a_known_word_gets_the_bias() -> None:
    found = fit_tfidf(TEXTS, LABELS, min_count=2, c=1.0)
    assert (found.logits([[], ["never", "seen"]]) == found.bias_K).all()


@pytest.mark.parametrize("texts", [[[], [], []], [["a"], ["b"], ["c"]]], ids=["no", "once"])
def test_texts_with_little_in_them_are_fitted_all_the_same(texts: list[list[str]]) -> None:
    labels_NK = np.array([[1, 1, 0], [0, 1, 0], [1, 1, 0]])
    found = fit_tfidf(texts, labels_NK, min_count=2, c=1.0)
    said_NK = found.logits(texts)
    assert np.isfinite(said_NK).all()
    assert (said_NK[:, 1] > 0).all() and (said_NK[:, 2] < 0).all(), "all carry it, none does"
