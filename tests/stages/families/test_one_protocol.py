"""What a model is of is asked in the families alone, and asking loads no training library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from emoray.export.encoder.network import Encoder
from emoray.export.feature_network import FeatureNetwork
from emoray.export.network import Network
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.features.torch_module import FeatureModule
from emoray.models.recipe import Recipe
from emoray.models.text_module import TextModule
from emoray.models.word.recipe import GloveRecipe
from emoray.models.word.torch_module import WordNetwork
from emoray.stages.encoder_training import EncodeSubwords, FineTune
from emoray.stages.encoding import Encode
from emoray.stages.families.registry import FAMILIES
from emoray.stages.features import ReadFeatures, TrainFeatures
from emoray.stages.word_training import TrainWords

ROOT = Path(__file__).parents[3]
HOME = "emoray/stages/families/"
KINDS = {
    f"{kind.__module__}.{kind.__name__}"
    for kind in (
        *(Recipe, GloveRecipe, BertRecipe, FeatureRecipe),
        *(Encode, EncodeSubwords, ReadFeatures, TrainWords, FineTune, TrainFeatures),
        *(Network, Encoder, FeatureNetwork),
        *(TextModule, WordNetwork, EncoderClassifier, FeatureModule),
    )
}
# One family's own code may ask its own kind: whether PyTorch's quantized module still is one.
OWN = {"emoray/models/encoder/torch_baseline.py"}


@cache
def sources() -> dict[str, str]:
    found = [path for top in ("emoray", "jobs") for path in (ROOT / top).rglob("*.py")]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in found}


def asked_kinds(tree: ast.AST) -> Iterator[ast.expr]:
    """What stands where a class is asked for: `isinstance`, `type(x) is`, `case Kind():`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2:
            if node.func.id in ("isinstance", "issubclass"):
                yield node.args[1]
        elif isinstance(node, ast.Compare):
            yield from (node.left, *node.comparators)
        elif isinstance(node, ast.MatchClass):
            yield node.cls


def branches(source: str) -> list[str]:
    """Lines that ask of which family something is, by its class or by the family's name."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found = []
    for asked in asked_kinds(tree):
        for part in ast.walk(asked):
            by_class = isinstance(part, ast.Name) and imported.get(part.id) in KINDS
            by_name = isinstance(part, ast.Constant) and part.value in FAMILIES
            if by_class or by_name:
                found.append(f"line {part.lineno}: {ast.unparse(asked)}")
    return found


def test_no_code_outside_the_families_asks_of_which_family_something_is() -> None:
    words = {*(kind.rpartition(".")[2] for kind in KINDS), *map(ascii, FAMILIES)}
    asking = {
        name: found
        for name, source in sources().items()
        if not name.startswith(HOME) and name not in OWN
        if any(word in source.replace('"', "'") for word in words) and (found := branches(source))
    }
    assert not asking, "ask FAMILIES[recipe.family] for what differs"


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(recipe, BertRecipe)",
        "isinstance(recipe, int | BertRecipe)",
        "type(recipe) is BertRecipe",
        "recipe.family == 'bert'",
        "family in ('glove', 'bert')",
    ],
)
def test_a_line_that_asks_is_found(line: str) -> None:
    source = f"from emoray.models.encoder.recipe import BertRecipe\nfound = {line}\n"
    assert branches(source)
    assert not branches("from elsewhere import BertRecipe\nisinstance(recipe, BertRecipe)\n")
    matched = "match recipe:\n    case BertRecipe():\n        pass\n"
    assert branches(f"from emoray.models.encoder.recipe import BertRecipe\n{matched}")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_goes_by_the_name_that_its_recipes_give(name: str) -> None:
    assert FAMILIES[name].recipe.family == name


PLANNED = """
import sys
from pathlib import Path
from emoray.quant.catalogue import both_ways
from emoray.quant.scheme import Qat
from emoray.search.spaces import bert, features, quick
from emoray.stages.plan import deciding, training
from emoray.stages.spec import CorpusRef, Data, EncoderRef, FeatureCorpusRef, VectorsRef
from emoray.storage.store.keys import key_of
from emoray.text.vectors.files import VectorArrayFile

nowhere = Path("/nowhere")
vectors = VectorArrayFile(name="v", dim=300, matrix=nowhere, words=nowhere)
encoder = EncoderRef(name="e", sha256="0", folder=nowhere, width=384, layers=6, positions=512)
data = Data(
    corpus=CorpusRef(name="c", sha256="0", folder=nowhere),
    vectors=(VectorsRef(source=vectors, sha256="0"),),
    encoders=(encoder,),
)
rows = FeatureCorpusRef(name="f", sha256="0", folder=nowhere, labels=(), width=64, rows=900)
schemes = both_ways(Qat()).values()
for space, given in (
    (quick("ekman", [300]), data),
    (bert("ekman", [encoder]), data),
    (features("ekman", [64]), Data(corpus=rows)),
):
    for recipe in space.recipes:
        for scheme in (*space.schemes, *schemes):
            key_of(deciding(training(recipe, given), scheme, space.decisions))
heavy = {"torch", "transformers", "tensorflow", "keras", "onnx"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_planning_a_sweep_loads_no_library_that_trains_or_exports() -> None:
    ran = subprocess.run([sys.executable, "-c", PLANNED], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == []
