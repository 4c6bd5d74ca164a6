"""Spaces in words: what is printed is read as the same, and a mistake is told where it stands."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml

import emoray
from emoray.decide.thresholds import Fixed, PerLabel
from emoray.models.losses import BCE, Focal, WeightedBCE
from emoray.models.word.recipe import Attention, GloveRecipe, Max, Mean
from emoray.quant.granularity import PerChannel
from emoray.quant.scheme import ModelScheme, QuantScheme
from emoray.search.budget import Budget
from emoray.search.form.document import parsed
from emoray.search.form.own_space import in_taxonomy, own_space
from emoray.search.form.printing import as_yaml, to_begin_from
from emoray.search.form.space_form import form_digest
from emoray.search.joint_space import JointSpace
from emoray.search.knobs import Between, Choices
from emoray.search.overrides import SpaceOverrides, named_space
from emoray.search.space_files import is_own, short_name
from emoray.search.spaces import BERT_GRIDS, GRIDS, Space
from emoray.stages.families.registry import FAMILIES
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Decision, all_decisions
from emoray.storage.store.keys import key_of
from tests.stages.families.votes import VoteFamily, VoteRecipe
from tests.storage.store.pinned import DATA, ENCODER

OTHER = replace(ENCODER, name="other", layers=4, width=96)
NAMED = (*GRIDS, *BERT_GRIDS, "joint", "bert-joint")


def named(name: str, overrides: SpaceOverrides | None = None) -> Space | JointSpace:
    return named_space(name, "ekman", (50, 100), encoders=(ENCODER, OTHER), overrides=overrides)


def read(text: str, folder: Path, name: str = "mine.yaml") -> Space | JointSpace:
    (folder / name).write_text(text, "utf-8")
    return own_space(str(folder / name))


def refused(text: str, folder: Path, words: str, name: str = "mine.yaml") -> None:
    with pytest.raises(ValueError, match=words):
        read(text, folder, name)


GRID = """\
recipes:
- family: glove
  embedding_dim: [8, 16]
  loss: [bce, focal1.5a0.25]
  pools: [mean, max]
schemes: [float, int8]
"""


@pytest.mark.parametrize("name", NAMED)
def test_a_named_space_that_is_printed_is_read_as_the_same(name: str, tmp_path: Path) -> None:
    space = named(name)
    again = in_taxonomy(read(to_begin_from(space, name), tmp_path), "ekman")
    assert as_yaml(again) == as_yaml(space)
    if isinstance(space, Space):
        assert again == space
        return
    assert isinstance(again, JointSpace)
    assert again.recipes == space.recipes, "the knob's own first value stands for the base"
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(30):
        trial = study.ask()
        space.ask(trial)
        assert again.spec(trial.params) == space.spec(trial.params)
        fixed = optuna.trial.FixedTrial(trial.params)
        again.ask(fixed)
        assert fixed.distributions == trial.distributions, "a study goes on under either"


@pytest.mark.parametrize("name", ["quick", "bert-smoke"])
def test_stages_of_a_space_that_was_printed_have_the_keys_that_they_had(
    name: str, tmp_path: Path
) -> None:
    data = replace(DATA, encoders=(ENCODER, OTHER))

    def keys(space: Space | JointSpace) -> list[str]:
        assert isinstance(space, Space)
        trained = [training(recipe, data) for recipe in space.recipes]
        return [
            key_of(deciding(t, s, space.decisions)) for t in trained[::4] for s in space.schemes
        ]

    overrides = SpaceOverrides(dims=(50,))
    space = named(name, overrides)
    again = in_taxonomy(read(to_begin_from(space, name), tmp_path), "ekman")
    assert keys(space) == keys(again)


def test_lists_are_tried_with_each_other_and_a_list_of_pools_is_one_value(tmp_path: Path) -> None:
    space = read(GRID, tmp_path)
    assert isinstance(space, Space)
    both = (Mean(), Max())
    assert space.recipes == tuple(
        GloveRecipe(embedding_dim=dim, loss=loss, pools=both)
        for dim in (8, 16)
        for loss in (BCE(), Focal(gamma=1.5, alpha=0.25))
    )
    assert space.decisions == all_decisions()
    pools = read(GRID.replace("[mean, max]", "[[mean], [mean, attention]]"), tmp_path)
    assert {r.pools for r in pools.recipes if isinstance(r, GloveRecipe)} == {
        (Mean(),),
        (Mean(), Attention()),
    }


def test_values_are_words_numbers_or_classes_with_fields(tmp_path: Path) -> None:
    text = """\
recipes:
  family: glove
  loss: {type: WeightedBCE, power: 0.3}
  learning_rate: 1e-3
  vectors: own-glove-e30
schemes:
- {type: ModelScheme, embedding: {bits: 7, grain: row}, keep_float: []}
- int4~qat2
decisions: {rule: [one, per_label_s5], temperature: fitted}
"""
    space = read(text, tmp_path)
    assert isinstance(space, Space)
    (recipe,) = space.recipes
    assert (recipe.loss, recipe.learning_rate) == (WeightedBCE(0.3), 1e-3)
    assert str(recipe).endswith("own-glove-e30")
    assert space.schemes[0] == ModelScheme(embedding=QuantScheme(bits=7, grain=PerChannel(0)))
    assert Decision(rule=PerLabel(min_support=5)) in space.decisions
    assert in_taxonomy(read(as_yaml(space), tmp_path), "ekman") == space


def test_a_joint_space_has_choices_ranges_and_ways_to_decide(tmp_path: Path) -> None:
    text = """\
search: joint
trials: 7
recipe:
  family: glove
  learning_rate: {from: 1e-3, to: 1e-2, log: true}
  layers: {from: 0, to: 2}
  pools: [[mean], [mean, max]]
  epochs: 3
schemes: [float, int8]
rules: [one]
thresholds: {from: 0.2, to: 0.4}
temperatures: null
"""
    space = read(text, tmp_path)
    assert isinstance(space, JointSpace)
    assert dict(space.knobs) == {
        "learning_rate": Between(1e-3, 1e-2, log=True),
        "layers": Between(0, 2),
        "pools": Choices(((Mean(),), (Mean(), Max()))),
    }
    assert (space.base.epochs, space.trials, space.models) == (3, 7, 7)
    assert space.name.startswith("mine-") and in_taxonomy(space, "ekman").name != space.name
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        space.ask(trial)
        rule = space.spec(trial.params).decision.rule
        assert str(rule) == "one" or (isinstance(rule, Fixed) and 0.2 <= rule.value <= 0.4)
    other = read(text.replace("[one]", "[one, per_label]"), tmp_path)
    longer = read(text.replace("trials: 7", "trials: 9"), tmp_path)
    assert isinstance(other, JointSpace) and isinstance(longer, JointSpace)
    assert other.name != space.name == longer.name, "of other choices it is another study"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[bce,", "[bcee,"), r"mine.yaml, line 4, recipes\[0\].loss\[0\]: loss is bce, .*'bcee'"),
        (("embedding_dim", "embeding_dim"), r"line 3, .*got 'embeding_dim': do you mean embedding"),
        (("[8, 16]", "[8, wide]"), r"line 3, .*embedding_dim is a whole number, got 'wide'"),
        (("[8, 16]", "[8, 0]"), r"line 3, .*embedding_dim must be at least 1, got 0"),
        (("[8, 16]", "[8, true]"), r"embedding_dim is a whole number, got True"),
        (("[8, 16]", "[]"), r"embedding_dim has values, got an empty list"),
        (
            ("glove", "glov"),
            r"line 2, recipes\[0\].family: a family is glove, bert, feat.*got 'glov'",
        ),
        (("- family: glove\n ", "-"), r"line 2, recipes\[0\]: a recipe names its family"),
        (
            ("[float, int8]", "[float, int9]"),
            r"line 6, schemes\[1\]: .*got 'int9': do you mean int",
        ),
        (("schemes", "scheme"), r"line 6, scheme: a grid space has .*do you mean schemes\?"),
        (("schemes: [float, int8]", ""), r"a grid space needs schemes, got none"),
        (("[float, int8]", "[]"), r"schemes, got none: name at least one"),
        (("pools:", "taxonomy: ekman\n  pools:"), r"line 5, .*the taxonomy is the job's"),
        (("pools:", "loss: bce\n  pools:"), r"a key stands once, got 'loss' on lines 4 and 5"),
        (("recipes:", "search: jont\nrecipes:"), r"line 1, search: search is grid or joint"),
        (
            ("[mean, max]", "{type: Mean, size: 3}"),
            r"line 5, .*pools.*size: Mean has no fields, got 'size'",
        ),
        (("[mean, max]", "{type: Men}"), r"pools has one of the types Mean, .*do you mean Mean"),
        (("[mean, max]", "[mean"), r"mine.yaml, line \d+: a space is YAML"),
        (("schemes:", "decisions: {rule: fixed2}\nschemes:"), r"line 6, decisions\[0\].rule: rule"),
        (("schemes:", "decisions: {temperature: 0}\nschemes:"), r"temperature must be finite"),
        (("schemes:", "decisions: 3\nschemes:"), r"a decision is written as its fields, got 3"),
        (
            ("schemes:", "budget: 30\nschemes:"),
            r"line 6, budget: a budget is its limits, got 30: w",
        ),
        (
            ("schemes:", "budget: {hours: 1}\nschemes:"),
            r"a budget has minutes, trainings, got 'hou",
        ),
        (
            ("schemes:", "budget: {minutes: 0}\nschemes:"),
            r"line 6, budget.minutes: .*above 0, got 0",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_told_with_its_line_its_key_and_what_to_do(
    change: tuple[str, str], words: str, tmp_path: Path
) -> None:
    refused(GRID.replace(*change), tmp_path, words)


def test_a_budget_is_of_the_space_but_not_of_what_it_searches_in(tmp_path: Path) -> None:
    text = GRID + "budget: {minutes: 30, trainings: 2}\n"
    space, unlimited = read(text, tmp_path), read(GRID, tmp_path)
    assert space.budget == Budget(minutes=30.0, trainings=2)
    assert form_digest(space) == form_digest(unlimited) and "budget" not in as_yaml(unlimited)
    assert read(as_yaml(space), tmp_path) == space


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("layers: {from: 2, to: 0}", r"line 4, recipe.layers: a range goes from its least"),
        ("layers: {from: 0}", r"a range has both ends, got .*write \{from: 1, to: 3\}"),
        ("layers: {from: 0, to: 2, step: 1}", r"a range has from, to, log, got 'step'"),
        ("layers: {from: 0, to: 2, log: true}", r"a range of ratios begins above 0, got 0"),
        ("layers: {from: -1, to: 2}", r"recipe.layers: layers must be at least 0, got -1"),
        ("dropout: {from: 0, to: 1}", r"recipe.dropout: dropout must lie in \[0, 1\), got 1"),
        ("loss: [bce, bce]", r"a knob names a value once, got bce twice"),
        ("loss: {from: 1, to: 2}", r"loss has one of the types"),
    ],
    ids=str,
)
def test_a_knob_that_no_recipe_could_have_is_refused(part: str, words: str, tmp_path: Path) -> None:
    text = f"search: joint\nrecipe:\n  family: glove\n  {part}\nschemes: [float]\n"
    refused(text, tmp_path, words)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("trials: 0", "line 4, trials: trials must be at least 1, got 0"),
        ("thresholds: {from: 0, to: 1}", r"a fixed threshold lies in \(0, 1\), got 0"),
        ("thresholds: 0.5", r"thresholds is a range, got 0.5"),
        ("temperatures: {from: 0, to: 1}", "temperature must be finite and above 0, got 0"),
        ("rules: []\nthresholds: null", "needs rules or thresholds, got none"),
        ("decisions: all", "a joint space has .*got 'decisions'"),
    ],
    ids=str,
)
def test_a_joint_space_says_which_decisions_it_could_not_take(
    part: str, words: str, tmp_path: Path
) -> None:
    text = f"search: joint\nrecipe: {{family: glove}}\nschemes: [float]\n{part}\n"
    refused(text, tmp_path, words)


def test_json_and_toml_say_the_same(tmp_path: Path) -> None:
    data: dict[str, Any] = yaml.safe_load(GRID)
    import json

    assert read(json.dumps(data), tmp_path, "mine.json") == read(GRID, tmp_path)
    toml = (
        'schemes = ["float", "int8"]\n[[recipes]]\nfamily = "glove"\nembedding_dim = [8, 16]\n'
        'loss = ["bce", "focal1.5a0.25"]\npools = ["mean", "max"]\n'
    )
    assert read(toml, tmp_path, "mine.toml") == read(GRID, tmp_path)
    refused("{", tmp_path, "mine.json: a space is JSON here", "mine.json")
    refused("[", tmp_path, "mine.toml: a space is TOML here", "mine.toml")
    with pytest.raises(ValueError, match=r"a space.s file is text, got .*nowhere.yaml"):
        own_space(str(tmp_path / "nowhere.yaml"))


def test_what_is_written_once_may_be_used_often_and_never_without_end() -> None:
    text = "base: &base {a: 1, b: [2]}\nmore: {<<: *base, a: 3}\n"
    assert parsed(text, "x.yaml").data["more"] == {"a": 3, "b": [2]}
    with pytest.raises(ValueError, match=r"x.yaml, line 1, .*one that holds itself"):
        parsed("a: &a [*a]", "x.yaml")
    with pytest.raises(ValueError, match="a key is a word, got 1"):
        parsed("1: 2", "x.yaml")


PYTHON = """\
import emoray
import beside

def wide():
    return emoray.space(recipes=[{"family": "glove", "embedding_dim": beside.DIMS}],
                        schemes=["float", "int8"])

plain = {"recipes": {"family": "glove", "loss": "bcee"}, "schemes": ["float"]}
value = wide()

def broken():
    return emoray.space(recipes=[{"family": "glove", "embedding_dim": [0]}],
                        schemes=["float"])

def raising():
    return {}["no"]
"""


def test_a_python_file_gives_a_space_by_a_function_a_value_or_plain_data(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("DIMS = [8, 16]\n")
    path = tmp_path / "mine.py"
    path.write_text(PYTHON)
    space = own_space(f"{path}:wide")
    assert [recipe.embedding_dim for recipe in space.recipes] == [8, 16]
    assert own_space(f"{path}:value") == space
    for name, words in (
        ("plain", r"mine.py:plain, recipes\[0\].loss: loss is bce.*got 'bcee'"),
        ("broken", r"mine.py, line 12: emoray.space, recipes\[0\].*at least 1, got 0"),
        ("raising", r"mine.py, line 16: KeyError: 'no'"),
        ("wyde", r"FILE:NAME, got '.*mine.py:wyde': do you mean wide\?"),
    ):
        with pytest.raises(ValueError, match=words):
            own_space(f"{path}:{name}")
    with pytest.raises(ValueError, match=r"FILE:NAME, got '.*mine.py': name one of wide"):
        own_space(str(path))
    path.write_text("def wide(:\n")
    with pytest.raises(ValueError, match=r"mine.py, line 1: SyntaxError"):
        own_space(f"{path}:wide")
    path.write_text("wide = 3\n")
    with pytest.raises(ValueError, match="a space is written as its parts, got 3"):
        own_space(f"{path}:wide")
    with pytest.raises(ValueError, match=r"a space.s file must be there, got .*none.py"):
        own_space(f"{tmp_path}/none.py:wide")


def test_a_run_is_called_after_the_file_or_the_name_in_it() -> None:
    assert [short_name(s) for s in ("quick", "a/space.yaml", "a/my.py:wide", "my.py")] == [
        "quick",
        "space",
        "wide",
        "my",
    ]
    assert not is_own("quick") and is_own("my.py:wide") and is_own("x.toml")


def test_a_third_family_is_written_by_its_fields_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAMILIES, "votes", VoteFamily())
    text = "recipes:\n- family: votes\n  seed: [0, 1]\nschemes: [float]\n"
    space = read(text, tmp_path)
    assert space.recipes == (VoteRecipe(), VoteRecipe(seed=1))
    printed = to_begin_from(space, "mine")
    assert "# Knobs of a votes recipe" in printed
    assert in_taxonomy(read(printed, tmp_path), "ekman") == space
    refused(text.replace("seed", "sed"), tmp_path, "a votes recipe has .*do you mean seed")


def test_python_writes_a_space_with_values_of_its_own() -> None:
    space = emoray.space(
        recipes=[{"family": "glove", "loss": [BCE(), "focal2a0.5"]}], schemes=["float"]
    )
    assert [str(recipe.loss) for recipe in space.recipes] == ["bce", "focal2a0.5"]
    with pytest.raises(ValueError, match=r"emoray.space, schemes\[0\]: .*got 'flot'"):
        emoray.space(recipes=[{"family": "glove"}], schemes=["flot"])
