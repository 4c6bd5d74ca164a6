import pytest

from emoray.augment.registry import translator_of

NAMES = [
    "apertium:eng-spa",
    "apertium:eng-cat_valencia",
    "marian:Helsinki-NLP/opus-mt-en-de",
    "marian:Helsinki-NLP/opus-mt-en-de?beams=2",
    "marian:Helsinki-NLP/opus-mt-en-de?sampling=0.8&seed=3&device=cuda&bf16=1",
    "marian:a/there,b/back",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_translator_reads_back_as_that_translator(name: str) -> None:
    translator = translator_of(name)
    assert str(translator) == name
    assert translator_of(str(translator)) == translator


def test_the_way_back_of_the_way_back_is_the_way_there() -> None:
    for name in NAMES[2:]:
        translator = translator_of(name)
        assert translator.back.back == translator != translator.back
    assert str(translator_of("apertium:eng-spa").back) == "apertium:spa-eng"
    assert str(translator_of(NAMES[2]).back) == "marian:Helsinki-NLP/opus-mt-de-en"


def test_only_a_translator_on_a_gpu_holds_one() -> None:
    assert [translator_of(name).gpus for name in NAMES] == [0, 0, 0, 0, 1, 0]


REFUSED = {
    "deepl": "a translator is apertium:PAIR or marian:MODEL, got 'deepl'",
    "apertium:english": "a pair of Apertium is two language codes, got 'english'",
    "apertium:eng-../x": "a pair of Apertium is two language codes",
    "marian:../../nothing": "a Marian model is a folder or an id of the hub, got '../../nothing'",
    "marian:a/b": "needs one for the way back, got only 'a/b'",
    "marian:a/b-en-de?beam=2": r"options are beams=N.*got 'beam=2'",
    "marian:a/b-en-de?beams=0": r"options are beams=N from 1.*got 'beams=0'",
    "marian:a/b-en-de?beams=2&sampling=1": "options are beams=N from 1, or sampling",
    "marian:a/b-en-de?seed=1": "options are beams=N from 1, or sampling",
    "marian:a/b-en-de?device=tpu": "device is one of cpu, cuda, got 'tpu'",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=REFUSED[name]):
        translator_of(name)
