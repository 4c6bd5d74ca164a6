"""Labels with few texts, judged on dev and test together."""

import numpy as np

from emoray.decide.crossfit import cross_fitted_macro_f1
from emoray.decide.thresholds import PerLabel
from emoray.metrics.smallest_change import NOT_DECIDABLE
from emoray.stages.decision_columns import ModelLogits
from emoray.stages.fitted import fit_decisions
from emoray.tables.improvement_rows import RareLabelRow
from emoray.workflows.improve_rows import BASELINE, DECISIONS, About, Attempt, TechniqueLogits
from emoray.workflows.rare_labels import rare_label_rows, rare_label_summary
from tests.stages.chain import RECIPE

ABOUT = About(
    corpus="made", taxonomy="sentiment", labels=("often", "seldom", "hardly"), train_texts=9
)
SHARES = (0.3, 0.06, 0.012)
RNG = np.random.default_rng(1)
DEV, TEST = (RNG.random((600, 3)) < SHARES for _ in range(2))
SUPPORT_K = np.array([900, 90, 9])


def attempt(name: str, signal: float, first: int) -> Attempt:
    by_seed = []
    for seed in range(3):
        rng = np.random.default_rng(first + seed)
        dev_NK, test_NK = (
            (signal * (2 * labels - 1) + rng.normal(size=labels.shape)).astype(np.float32)
            for labels in (DEV, TEST)
        )
        logits = ModelLogits(
            dev_NK=dev_NK,
            dev_labels_NK=DEV,
            test_NK=test_NK,
            test_labels_NK=TEST,
            leaked_N=np.zeros(len(TEST), bool),
        )
        fitted = fit_decisions(DECISIONS, dev_NK, DEV)
        by_seed.append(TechniqueLogits(seed=seed, logits=logits, fitted=fitted, size_bytes=1))
    return Attempt(name=name, family="glove", recipe=RECIPE, members=1, by_seed=tuple(by_seed))


BASE = attempt(BASELINE, 1.0, first=0)


def rows(signal: float) -> list[RareLabelRow]:
    return list(rare_label_rows([attempt("contrast", signal, 10)], BASE, ABOUT, SUPPORT_K))


def test_only_labels_with_few_texts_of_test_are_looked_at_on_both_splits() -> None:
    found = rows(2.0)
    assert [row.label for row in found] == ["seldom", "hardly"]
    assert [row.support for row in found] == list((DEV.sum(0) + TEST.sum(0))[1:])
    assert [row.train_support for row in found] == [90, 9]


def test_f1_is_that_of_thresholds_fitted_on_the_other_texts() -> None:
    seldom, _ = rows(2.0)
    labels_N1 = np.concatenate([DEV, TEST])[:, [1]]
    wanted = [
        cross_fitted_macro_f1(
            PerLabel(),
            np.concatenate([each.logits.dev_NK, each.logits.test_NK])[:, [1]],
            labels_N1,
        )
        for each in BASE.by_seed
    ]
    np.testing.assert_allclose(seldom.baseline_f1, np.mean(wanted), rtol=1e-9)


def test_a_great_gain_is_seen_and_the_rarest_label_is_not_decidable() -> None:
    seldom, hardly = rows(2.0)
    assert seldom.verdict == "better" and seldom.change_low > 0
    assert seldom.smallest_change is not None and seldom.smallest_change < 0.2
    assert hardly.verdict == NOT_DECIDABLE
    (told,) = rare_label_summary([seldom, hardly])
    assert f"hardly ({hardly.support} texts) not decidable" in told
    assert f"seldom ({seldom.support}) +" in told


def test_where_no_label_is_rare_there_is_no_row() -> None:
    often = About(corpus="made", taxonomy="sentiment", labels=("often",), train_texts=9)

    def only(found: Attempt) -> Attempt:
        parts = tuple(
            TechniqueLogits(
                seed=each.seed,
                logits=ModelLogits(
                    dev_NK=each.logits.dev_NK[:, :1],
                    dev_labels_NK=DEV[:, :1],
                    test_NK=each.logits.test_NK[:, :1],
                    test_labels_NK=TEST[:, :1],
                    leaked_N=each.logits.leaked_N,
                ),
                fitted=each.fitted,
                size_bytes=1,
            )
            for each in found.by_seed
        )
        return Attempt(name=BASELINE, family="glove", recipe=RECIPE, members=1, by_seed=parts)

    assert not list(rare_label_rows([only(BASE)], only(BASE), often, SUPPORT_K))
    assert rare_label_summary([]) == []
