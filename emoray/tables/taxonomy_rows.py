"""Taxonomies of a run, and decisions in coarser ones from models of finer labels."""

from dataclasses import dataclass

from emoray.tables.fields import CHANGE, SHARE, cost, gain, note


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyRow:
    """A taxonomy that rows of the run decide in."""

    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    taxonomy: str = note("name of the taxonomy; joins `points`")
    labels: str = note("names of its labels, JSON, in the order of `predictions`")
    finer: str = note("the taxonomy of whose labels its own are groups; empty = the job's own")
    groups: str = note("the finer labels in each of its labels, JSON; empty = the job's own")


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivationRow:
    """A point in a coarser taxonomy than its model's labels: how it comes from them."""

    point: str = note("the point in the coarser taxonomy; joins `points`")
    own_point: str = note("the same model's point in its own labels, under the same decision")
    model: str = note("id of the derived model; joins `points`, `surface`, `reliability`")
    derived_from: str = note("id of the compressed model itself; joins `layers`, `latency`")
    taxonomy: str = note("the coarser taxonomy; its groups stand in `taxonomies`")
    way: str = note(
        "how probabilities of a group become one: noisy_or, max or sum; the best on dev of these"
    )
    ways: str = note("cross-fitted dev macro-F1 of each way under its best fitted rule, JSON")
    own_temperature: float = note("of the probabilities that are joined, fitted on dev")
    test_contradictions_share: float = cost(
        "share of test texts whose labels here are not just the groups of the model's own labels "
        "under the same decision",
        unit=SHARE,
    )
    union_test_macro_f1: float = gain(
        "on test, if a text were simply given the groups of the model's own labels"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyComparisonRow:
    """Trainings beside others of the same taxonomy: derived beside native, or with heads beside.

    Intervals are over resampled test texts and resampled seeds, both paired.
    """

    taxonomy: str = note("whose labels are scored")
    what: str = note(
        "derived = `after` decides in groups of finer labels, `before` was trained on the "
        "taxonomy itself; heads = both were trained on it, `after` with heads of others beside"
    )
    before: str = note("recipe of the trainings that are compared with; joins `repeats`")
    after: str = note("recipe of the trainings that are compared")
    scheme: str = note("whole quantization scheme of both")
    threshold_rule: str = note("how both set thresholds, on dev; temperatures are fitted")
    seeds: int = note("trainings of either, paired by seed")
    dev_macro_f1_before: float = gain("mean over seeds, cross-fitted on dev")
    dev_macro_f1_after: float = gain("mean over seeds, cross-fitted on dev")
    test_macro_f1_before: float = gain("mean over seeds on test")
    test_macro_f1_after: float = gain("mean over seeds on test")
    change: float = gain("of test_macro_f1, after minus before", unit=CHANGE)
    change_low: float = note("lower end of its paired 95 % interval", unit=CHANGE)
    change_high: float = note("upper end of its paired 95 % interval", unit=CHANGE)
    equivalence_low: float = note("lower end of the paired 90 % interval", unit=CHANGE)
    equivalence_high: float = note("upper end of the paired 90 % interval", unit=CHANGE)
    margin: float = note("the largest change, up or down, that counts as none", unit=SHARE)
    verdict: str = note(
        "equivalent within the margin; else better or worse where the 95 % interval leaves out 0; "
        "else undecided"
    )
    test_contradictions_share: float = cost(
        "share of test texts to which the two give different labels, mean over seeds", unit=SHARE
    )
    before_size_bytes: float = cost("of the artifact, mean over seeds")
    after_size_bytes: float = cost(
        "of the artifact, mean over seeds; a derived one decides in its own labels and in every "
        "taxonomy derived from them"
    )
    own_size_bytes: float = cost("of the artifact of `after` that decides in its own labels alone")
