"""Taxonomies of a run, and decisions in coarser ones from models of finer labels."""

from dataclasses import dataclass

from emoray.tables.fields import SHARE, cost, gain, note


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
