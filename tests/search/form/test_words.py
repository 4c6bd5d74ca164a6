"""Words of plain values: what tables show is what a user may write."""

from typing import Any

import pytest

from emoray.models.augmentation import Augmentation, BackTranslation
from emoray.models.encoder.recipe import AllPieces, Pieces, UsedPieces
from emoray.models.losses import BCE, Asymmetric, Focal, Loss, WeightedBCE
from emoray.models.sampling import Bootstrap, Sample, Whole
from emoray.models.word.initial_vectors import PretrainedVectors, Vectors
from emoray.models.word.recipe import Attention, ConvMax, Max, Mean, Pool
from emoray.quant.catalogue import all_schemes, bert_schemes, both_ways
from emoray.quant.scheme import FLOAT, ModelScheme, Qat
from emoray.search.form.schemes import name_of_scheme, scheme_called, short_names
from emoray.search.form.words import value_of, vocabulary
from emoray.stages.spec import RULES, Rule
from emoray.text.vectors.settings import GloveObjective, OwnVectors, Ppmi

SAID = (
    *((loss, Loss) for loss in (BCE(), WeightedBCE(0.25), Focal(gamma=1.5, alpha=0.25))),
    *((loss, Loss) for loss in (Asymmetric(), Asymmetric(gamma_neg=4, gamma_pos=1, margin=0.1))),
    *((pool, Pool) for pool in (Mean(), Max(), Attention(), ConvMax(), ConvMax(7))),
    *((rule, Rule) for rule in RULES),
    *((kept, Pieces) for kept in (AllPieces(), UsedPieces(), UsedPieces(min_count=3, signs=0))),
    *((sample, Sample) for sample in (Whole(), Bootstrap())),
    (BackTranslation(share=0.25, balance=1.0), Augmentation),
    *((own, Vectors) for own in (PretrainedVectors(), OwnVectors(), OwnVectors(window=3))),
    (OwnVectors(method=GloveObjective(epochs=40), min_count=2), Vectors),
    (OwnVectors(method=Ppmi(smoothing=0.5)), Vectors),
)


@pytest.mark.parametrize(("value", "hint"), SAID, ids=[str(value) for value, _ in SAID])
def test_what_a_table_shows_is_read_as_that_value(value: Any, hint: Any) -> None:
    assert value_of(str(value), hint) == value


@pytest.mark.parametrize("word", ["focl", "fixed7", "conv-3", "focal", "weighted_bce4", ""])
def test_what_no_value_is_called_is_none(word: str) -> None:
    assert all(value_of(word, hint) is None for hint in (Loss, Pool, Rule))


def test_messages_name_each_kind_of_loss() -> None:
    assert vocabulary(Loss) == ["bce", "weighted_bce0.4", "focal2a0.5", "asymmetric2-0m0.05"]


@pytest.mark.parametrize("qat", [Qat(), Qat(epochs=3), Qat(epochs=2, learned=False)], ids=str)
def test_every_scheme_of_a_named_space_has_a_name_that_means_it(qat: Qat) -> None:
    schemes = {*all_schemes().values(), *bert_schemes().values(), *both_ways(qat).values()}
    for scheme in schemes:
        name = name_of_scheme(scheme)
        assert name is not None and scheme_called(name) == scheme
        assert str(scheme) not in short_names() or name == str(scheme)


def test_a_scheme_may_be_trained_on_for_longer_than_its_short_name_says() -> None:
    assert scheme_called("float") == FLOAT
    assert scheme_called("float~qat3") == ModelScheme(qat=Qat(epochs=3))
    longer = scheme_called("int4~qat3")
    assert isinstance(longer, ModelScheme) and longer.qat == Qat(epochs=3)
    assert scheme_called("int4~qat0") is None and scheme_called("int4~") is None
