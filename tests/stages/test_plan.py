"""A changed parameter makes only what depends on it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from emoray.decide.thresholds import Fixed
from emoray.quant.catalogue import quick_schemes
from emoray.quant.scheme import FLOAT
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, Decision
from emoray.storage.store.keys import Stage, inputs_of, key_of
from tests.stages.chain import RECIPE, Chain
from tests.storage.store.counting import made

DECISIONS = (Decision(),)
BELOW = ["train", "compress", "score", "decide"]


def stages(stage: Stage) -> Iterator[Stage]:
    yield stage
    for needed in inputs_of(stage).values():
        yield from stages(needed)


CHANGED = {
    "seed": (replace(RECIPE, seed=1), BELOW),
    "layers": (replace(RECIPE, layers=2), BELOW),
    "width": (replace(RECIPE, embedding_dim=32), ["embed", *BELOW]),
    "words": (replace(RECIPE, vocabulary=400), ["encode", "embed", *BELOW]),
    "labels": (replace(RECIPE, taxonomy="ekman"), ["tokenize", "encode", "embed", *BELOW]),
}


@pytest.mark.parametrize("knob", CHANGED)
def test_a_recipe_shares_all_that_its_knob_does_not_touch(knob: str, data: Data) -> None:
    recipe, wanted = CHANGED[knob]
    before = {key_of(s) for s in stages(deciding(training(RECIPE, data), FLOAT, DECISIONS))}
    after = {key_of(s) for s in stages(deciding(training(recipe, data), FLOAT, DECISIONS))}
    assert sorted(key.split("-")[0] for key in after - before) == sorted(wanted)


def test_the_same_plan_runs_nothing_twice(chain: Chain) -> None:
    before = made(chain.store)
    assert chain.store.make(chain.decided[0]).cached
    assert made(chain.store) == before
    wanted = {key_of(stage) for decide in chain.decided for stage in stages(decide)}
    times = Counter(e["key"] for e in chain.store.journal() if e["event"] == "made")
    assert {times[key] for key in wanted} == {1}
    assert sum(key.startswith("train-") for key in wanted) == 1


def test_another_decision_reads_the_same_logits(chain: Chain) -> None:
    before = len(made(chain.store))
    decisions = (Decision(temperature=3.0, rule=Fixed(0.4)),)
    train = chain.decided[0].compressed.trained
    chain.store.make(deciding(train, FLOAT, decisions))
    assert made(chain.store)[before:] == ["decide"]


def test_another_scheme_compresses_the_same_training(chain: Chain) -> None:
    before = len(made(chain.store))
    scheme = list(quick_schemes().values())[-4]
    chain.store.make(deciding(chain.decided[0].compressed.trained, scheme, DECISIONS))
    assert made(chain.store)[before:] == ["compress", "score", "decide"]
