"""What `jobs.improve_f1` leaves: the gain of each technique over one baseline."""

from dataclasses import dataclass

from emoray.tables.fields import CHANGE, cost, gain, note

ALL_LABELS = "macro"  # in place of a label: the mean over labels

RELATIVE = "share of baseline_f1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImprovementRow:
    """One technique against the baseline, over all labels or for one, on test.

    Intervals resample test texts and seeds together, in pairs.
    """

    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    taxonomy: str = note("which labels")
    family: str = note("glove or bert")
    technique: str = note(
        "focal_loss, weight_averaging, augmentation, ensemble, derived_decisions (of models of "
        "finer labels), joint_heads (coarser labels learned beside), contrast (a contrastive loss "
        "beside), distillation or distillation_transfer"
    )
    label: str = note("name of the label; macro = the mean over all")
    threshold_rule: str = note("how both sides decide; fitted ones come from dev, of each its own")
    recipe: str = note("what the technique's trainings were told, seed left out")
    baseline: str = note("what the baseline's were told")
    train_texts: int = note("train texts of the corpus, augmented ones not counted")
    seeds: int = note("trainings, or ensembles, of either side")
    members: int = note("models that answer together; 1 without an ensemble")
    baseline_f1: float = gain("the baseline's F1 on test, mean over seeds")
    f1: float = gain("the technique's")
    change: float = gain("f1 - baseline_f1", unit=CHANGE)
    change_low: float = gain("lower end of its 95 % interval", unit=CHANGE)
    change_high: float = gain("upper end of its 95 % interval", unit=CHANGE)
    verdict: str = note(
        "on change: equivalent within half a point; else better or worse where the 95 % interval "
        "leaves out 0; else undecided; not corrected for looking at many labels"
    )
    relative_change: float | None = gain(
        "change as a share of baseline_f1; null where that is 0", unit=RELATIVE
    )
    relative_low: float | None = gain("lower end of its 95 % interval", unit=RELATIVE)
    relative_high: float | None = gain("upper end of its 95 % interval", unit=RELATIVE)
    expected_low: float | None = note(
        "relative gain often promised, lower end; null for a label and where nothing is",
        unit=RELATIVE,
    )
    expected_high: float | None = note("and its upper end; null for a label", unit=RELATIVE)
    promise: str | None = note(
        "what became of it: not found, open, found or exceeded; null where nothing is promised"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImprovementSeedRow:
    """One training, or one ensemble, behind the means of `improvements`."""

    family: str = note("glove or bert")
    technique: str = note("baseline, or a technique as in `improvements`")
    threshold_rule: str = note("how it decides")
    seed: int = note("seed of the training, or of an ensemble's first member")
    dev_macro_f1: float = gain("cross-fitted on dev")
    test_macro_f1: float = gain("thresholds from dev, scored once on test")
    size_bytes: int = cost("of the artifact, or of all members' artifacts")


@dataclass(frozen=True, slots=True, kw_only=True)
class RareLabelRow:
    """One technique on one label that test alone has few texts of, on dev and test together.

    Thresholds are fitted on four fifths of these texts and decide the fifth, on either side. Both
    sides chose their epoch on dev. Nothing is chosen by this table.
    """

    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    taxonomy: str = note("which labels")
    family: str = note("glove or bert")
    technique: str = note("as in `improvements`")
    label: str = note("name of the label")
    seeds: int = note("trainings, or ensembles, of either side")
    train_support: int = note("texts of train with it")
    support: int = note("texts of dev and test with it")
    baseline_f1: float = gain("the baseline's F1 on dev and test, mean over seeds")
    f1: float = gain("the technique's")
    change: float = gain("f1 - baseline_f1", unit=CHANGE)
    change_low: float = gain("lower end of its 95 % interval, over texts and seeds", unit=CHANGE)
    change_high: float = gain("upper end of its 95 % interval", unit=CHANGE)
    smallest_change: float | None = cost(
        "change that would be found in four of five repeats, by that interval's width; at least "
        "1 / support; null where neither side finds a text",
        unit=CHANGE,
    )
    verdict: str = note(
        "not decidable where only a change of more than 20 points could be seen; else as in "
        "`improvements`, but not equivalent where half a point could not be seen"
    )
