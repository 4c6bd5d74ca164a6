"""What lets others check a run: what its models said, and what they were made from."""

from dataclasses import dataclass

import numpy as np

from emoray.tables.fields import note


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRow:
    """What one model says of one test text. Models of the front and their float parents."""

    model: str = note("id of the compressed model or ensemble; joins `points`")
    text: int = note("index of the test text, from 0")
    labels: list[np.uint8] = note("truth by label, 0 or 1, in the order of `labels` in `runs`")
    logits: list[np.float32] = note("logit by label, in the same order")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """One text of test with its true labels: to read what a model gets wrong."""

    corpus: str = note("goemotions, sample (the embedded one), or what an own corpus is called")
    taxonomy: str = note("which labels")
    text: int = note("index of the test text, from 0; joins `predictions`")
    content: str = note(
        "the text. Kept of GoEmotions (CC BY 4.0) and the sample (CC0), of an own corpus only with "
        "--keep-texts"
    )
    truth: str = note("names of the labels that it carries, JSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRow:
    """What one model is made from, as data: enough to make it again, and to see that it is it."""

    model: str = note("id of the compressed model or ensemble; joins `points`")
    key: str = note("its whole key in the store of stages: `model` is where it begins")
    recipe: str = note("the recipe as JSON; empty for an ensemble")
    scheme: str = note("the scheme as JSON; empty for an ensemble")
    decisions: str = note("every decision on it, as JSON")
    plan: str = note("of an ensemble its plan; empty for a model")
    weighing: str = note("of an ensemble how members are weighed, as JSON; empty for a model")
    members: str = note("of an ensemble its members' models in order, as JSON; `[]` for a model")
