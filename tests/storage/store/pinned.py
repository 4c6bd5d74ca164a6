"""One stage of every kind, of made-up data: what `keys.json` pins the keys of.

`python -m tests.storage.store.pinned` writes it anew, which a raised version asks for: a key that
changes otherwise makes everybody's finished stages strangers.
"""

import json
from pathlib import Path

from emoray.augment.apertium import Apertium
from emoray.decide.ensemble import MeanProbabilities
from emoray.decide.thresholds import Fixed, PerLabel
from emoray.decide.weighing import FittedWeights, Greedy
from emoray.models.augmentation import BackTranslation
from emoray.models.encoder.recipe import BertRecipe, Cls, UsedPieces
from emoray.models.losses import Asymmetric, Focal, WeightedBCE
from emoray.models.sampling import Bootstrap
from emoray.models.word.recipe import Attention, ConvMax, GloveRecipe, Max, Mean
from emoray.quant.catalogue import both_ways, quick_schemes
from emoray.quant.scheme import FLOAT, Qat
from emoray.stages.artifact_scoring import ScoreArtifact
from emoray.stages.baselines import (
    AllNegative,
    BaselineModel,
    MeasureBaselineLatency,
    TfidfLogistic,
)
from emoray.stages.checkpoint import (
    ReadCheckpoint,
    ReadCorpus,
    ReadOwnCheckpoint,
    ScoreTorch,
)
from emoray.stages.conversion import Convert, ScoreConverted
from emoray.stages.ensembles import Combine
from emoray.stages.latency import MeasureLatency, MeasureMemberLatency
from emoray.stages.plan import comparing, deciding, training
from emoray.stages.qat import QuantizationAwareTraining
from emoray.stages.spec import (
    CorpusRef,
    Data,
    Decision,
    EncoderRef,
    OwnCorpusRef,
    TranslatorRef,
    VectorsRef,
)
from emoray.stages.speed import TimeModels
from emoray.storage.store.keys import Stage, key_of
from emoray.text.vectors.settings import GloveObjective, OwnVectors
from emoray.text.vectors.sources import Package

KEYS = Path(__file__).parent / "keys.json"
NOWHERE = Path("/nowhere")
CORPUS = CorpusRef(name="goemotions", sha256="c" * 64, folder=NOWHERE)
OWN = OwnCorpusRef(name="ours", sha256="d" * 64, folder=NOWHERE, labels=("calm", "tense"))
ENCODER = EncoderRef(
    name="some", sha256="e" * 64, folder=NOWHERE, width=384, layers=6, positions=512
)
TRANSLATOR = TranslatorRef(translator=Apertium("eng-spa", seconds=9.0), sha256="f" * 64)
DATA = Data(
    corpus=CORPUS,
    vectors=(VectorsRef(source=Package(), sha256="a" * 64),),
    encoders=(ENCODER,),
    translators=(("apertium:eng-spa", TRANSLATOR),),
)
DECISIONS = (
    Decision(),
    Decision(temperature=0.7, rule=Fixed(0.35)),
    Decision(rule=PerLabel(min_support=20)),
)
WORDS = GloveRecipe(
    taxonomy="ekman",
    embedding_dim=48,
    pools=(Mean(), Max(), Attention(), ConvMax(64)),
    trainable_vectors=True,
    loss=WeightedBCE(0.4),
    augmentation=BackTranslation(translator="apertium:eng-spa"),
    sample=Bootstrap(),
    seed=3,
)
OWN_WORDS = GloveRecipe(
    taxonomy="ekman", embedding_dim=64, loss=Focal(), vectors=OwnVectors(method=GloveObjective())
)
PIECES = BertRecipe(
    taxonomy="ekman",
    encoder="some",
    layers=3,
    embedding_dim=128,
    pooling=Cls(),
    pieces=UsedPieces(),
    loss=Asymmetric(),
)


def stages() -> dict[str, Stage]:
    """By a name for the eye: at least one of every kind that a store may hold."""
    words, own = training(WORDS, DATA), training(OWN_WORDS, DATA)
    pieces = training(PIECES, DATA)
    found: dict[str, Stage] = {"train": words, "train on own vectors": own, "finetune": pieces}
    text = words.text
    found |= {
        "tokenize": text.tokens,
        "encode": text,
        "embed": words.vectors,
        "augment": text.tokens.augment,
        "translate": text.tokens.augment.translated,
        "vectors": own.text.vectors,
        "count": own.text.vectors.counted,
        "pieces": pieces.text,
    }
    decided = []
    for name, scheme in quick_schemes().items():
        decided.append(deciding(words, scheme, DECISIONS))
        found[f"compress {name}"] = decided[-1].compressed
    encoder = [
        deciding(pieces, scheme, DECISIONS)
        for scheme in (FLOAT, *both_ways(Qat(epochs=3)).values())
    ]
    found |= {f"compress an encoder {i}": each.compressed for i, each in enumerate(encoder)}
    first, second = decided[:2]
    refined = encoder[-1].compressed.refined
    assert isinstance(refined, QuantizationAwareTraining)
    checkpoint = ReadCheckpoint(sha256="b" * 64, taxonomy="ekman", max_tokens=64, folder=NOWHERE)
    read = ReadCorpus(checkpoint=checkpoint, corpus=CORPUS)
    converted = Convert(sha256="b" * 64, max_tokens=64, folder=NOWHERE)
    baselines = tuple(
        BaselineModel(kind=kind, corpus=OWN, taxonomy="own", tokenizer=1)
        for kind in (AllNegative(), TfidfLogistic())
    )
    compare = comparing(second)
    assert compare is not None
    members = {
        "decided": (first, second),
        "scored": (first.scored, second.scored),
        "compressed": (first.compressed, second.compressed),
        "text": text,
        "decisions": DECISIONS,
    }
    timed = {"text": text, "corpus": CORPUS, "taxonomy": "ekman", "cpu": "some", "cpus": 2}
    return found | {
        "score": first.scored,
        "decide": first,
        "compare": compare,
        "refine": refined,
        "combine fitted": Combine(
            plan="diverse", weighing=FittedWeights(MeanProbabilities()), **members
        ),
        "combine greedy": Combine(plan="seeds", weighing=Greedy(rounds=3), **members),
        "baseline": baselines[0],
        "baseline tf-idf": baselines[1],
        "clock baselines": MeasureBaselineLatency(baselines=baselines, cpu="some", cpus=2),
        "clock": MeasureLatency(
            compressed=(second.compressed,), baseline=first.compressed, **timed
        ),
        "clock members": MeasureMemberLatency(
            compressed=(first.compressed, second.compressed), **timed
        ),
        "checkpoint": checkpoint,
        "checkpoint with labels of its own": ReadOwnCheckpoint(
            sha256="b" * 64, taxonomy="own", max_tokens=64, folder=NOWHERE, labels=("calm", "tense")
        ),
        "checkpoint's texts": read,
        "score by torch": ScoreTorch(checkpoint=checkpoint, text=read, by_torch=True),
        "convert": converted,
        "score converted": ScoreConverted(converted=converted, corpus=CORPUS, taxonomy="ekman"),
        "score an artifact": ScoreArtifact(
            model_sha256="b" * 64, corpus=CORPUS, taxonomy="ekman", split="test", folder=NOWHERE
        ),
        "time models": TimeModels(
            checkpoint=checkpoint,
            text=read,
            compressed=(first.compressed,),
            names=("a",),
            cpu="some",
            cores=2,
            threads=1,
        ),
    }


if __name__ == "__main__":
    pinned = {name: key_of(stage) for name, stage in stages().items()}
    KEYS.write_text(json.dumps(pinned, indent=1) + "\n", "utf-8")
