"""What the jobs on the fleet leave: members of ensembles, back-translations."""

from dataclasses import dataclass

from emoray.tables.fields import SHARE, TIMES, cost, gain, note


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One model in one ensemble: what it weighs, earns alone, and how differently it errs.

    Decisions are those on test, each member by the point's own rule, fitted on dev for itself.
    """

    point: str = note("the ensemble's operating point")
    plan: str = note("name of the plan that the members come from")
    combination: str = note("how the members are weighed, and what the mean is taken of")
    size: int = note("k: members asked for, or rounds of the greedy selection")
    models: int = note("of these, distinct members with a weight")
    member: int = note("place in the plan, from 0")
    model: str = note("id of the member's compressed model; joins `layers`, `latency`")
    training_id: str = note("id of its training; joins `trainings`")
    recipe: str = note("what its training was told, seed left out")
    seed: int = note("seed of its training")
    weight: float = note("its share; the shares of a point sum to 1", unit=SHARE)
    dev_macro_f1: float = gain("of the member alone, cross-fitted on dev")
    test_macro_f1: float = gain("of the member alone, thresholds from dev")
    size_bytes: int = cost("every file of the member's own artifact")
    disagreement: float | None = note(
        "share of label decisions where only one of two is right, mean over its pairs with the "
        "others; null for one alone",
        unit=SHARE,
    )
    double_fault: float | None = cost(
        "share of label decisions where both are wrong, mean over its pairs with the others",
        unit=SHARE,
    )
    ensemble_disagreement: float | None = note(
        "the same over all pairs of the point's members", unit=SHARE
    )
    ensemble_double_fault: float | None = cost(
        "the same over all pairs of the point's members", unit=SHARE
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationRow:
    """One train text, what translating it there and back made of it, and whether that is kept."""

    augmentation: str = note("id of the choice: corpus, translator, filters, share, balance, seed")
    source_id: str = note("id of the text in the corpus")
    source_index: int = note("its place in the split, from 0")
    source_split: str = note("train: no other split is ever augmented")
    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    taxonomy: str = note("whose labels were balanced")
    translator: str = note("what translated, e.g. apertium:eng-spa")
    source: str = note("the text")
    pivot: str = note("its translation; empty where there is none")
    result: str = note("the translation's translation; empty where there is none")
    labels: str = note("the source's labels, which the result inherits, separated by commas")
    verdict: str = note(
        "kept, not_drawn (enough others were), or why not: near_copy, too_far, too_short, "
        "too_long, empty, mark_lost, drift, leaks, duplicate, set_aside"
    )
    reason: str = note("of a text set aside: what the translator said; else empty")
    edit_distance: float = note("share of words changed, of the longer of the two", unit=SHARE)
    length_ratio: float = note("words of the result for each word of the source", unit=TIMES)
    label_probability_fall: float | None = cost(
        "how far a trained classifier's mean probability of the labels fell; null where none "
        "judged",
        unit="probability, -1 to 1",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationRow:
    """One text of a stretch of train, there and back; the store's own, no table of a run."""

    index: int = note("place in train, from 0")
    source: str = note("the text")
    pivot: str = note("its translation")
    result: str = note("the translation's translation")
    error: str = note("why there is no result; empty where there is one")
