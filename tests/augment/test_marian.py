"""Marian's whole path, on tiny models: what they say is nonsense, that they say it is not."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from transformers import MarianMTModel

from emoray.augment.marian import Marian
from emoray.augment.marian_decoding import Beams, Decoding, Sampling
from emoray.augment.placeholders import HIDDEN, hide
from emoray.augment.registry import translator_of
from emoray.augment.translator import Untranslated
from tests.augment.marian_made import make_pair, sentences


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_pair(tmp_path_factory.mktemp("marian") / "pair")


@pytest.fixture
def copy(pair: tuple[Path, Path], tmp_path: Path) -> Path:
    """The way there, to damage."""
    return Path(shutil.copytree(pair[0], tmp_path / "opus-tiny-en-xx"))


def of(folder: Path, decoding: Decoding = Beams(1)) -> Marian:  # noqa: B008
    return Marian(model=folder, reverse=folder, decoding=decoding)


WAYS: list[Decoding] = [Beams(1), Beams(3), Sampling(0.9, seed=1)]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_translation_does_not_depend_on_the_order_of_the_texts(
    way: Decoding, pair: tuple[Path, Path]
) -> None:
    handle, texts = of(pair[0], way).open(), sentences(40)
    said = handle.translate(texts)
    assert all(isinstance(each, str) and each for each in said)
    assert handle.translate(texts[::-1])[::-1] == said
    assert handle.translate(texts * 2) == said * 2


def test_other_ways_of_decoding_say_other_things(pair: tuple[Path, Path]) -> None:
    ways: list[Decoding] = [*WAYS, Sampling(0.9, seed=2)]
    said = [tuple(of(pair[0], way).open().translate(sentences(8))) for way in ways]
    assert len(set(said)) == len(said)


def test_a_folder_that_names_its_languages_knows_its_way_back(pair: tuple[Path, Path]) -> None:
    there = translator_of(f"marian:{pair[0]}?beams=1")
    assert isinstance(there, Marian) and there.back.model == pair[1]
    assert str(there) == f"marian:{pair[0]}?beams=1"
    assert there.fingerprint() != there.back.fingerprint()
    assert there.open().translate(["hello"]) != there.back.open().translate(["hello"])


def test_signs_always_survive_and_stay_in_their_places(pair: tuple[Path, Path]) -> None:
    hidden = hide("so good 😂 or what :)").text
    (said,) = of(pair[0]).open().translate([hidden])
    assert isinstance(said, str)
    assert HIDDEN.findall(said) == HIDDEN.findall(hidden) and said.endswith(hidden[-1])


def test_a_text_longer_than_the_model_reads_is_left_and_the_others_are_not(
    pair: tuple[Path, Path],
) -> None:
    handle = of(pair[0]).open()
    short, long = handle.translate(["so good", "x " * 200])
    assert short == handle.translate(["so good"])[0]
    assert isinstance(long, Untranslated) and "the model reads 64" in long.reason


def test_bfloat16_and_what_is_empty_pass_through(pair: tuple[Path, Path]) -> None:
    handle = Marian(model=pair[0], reverse=pair[1], bf16=True).open()
    assert handle.model.dtype == torch.bfloat16
    sign = hide("😂").text
    assert handle.translate(["", sign]) == ["", sign] and handle.translate([]) == []
    assert handle.translate(["so good"])[0]


def test_a_seed_leaves_the_random_numbers_of_others_alone(pair: tuple[Path, Path]) -> None:
    before = torch.random.get_rng_state()
    of(pair[0], Sampling(1.0)).open().translate(["so good"])
    assert torch.equal(torch.random.get_rng_state(), before)


def as_pickle(folder: Path, **more: object) -> Path:
    tensors = MarianMTModel.from_pretrained(folder).state_dict()
    (folder / "model.safetensors").unlink()
    torch.save({**tensors, **more}, folder / "pytorch_model.bin")
    return folder


def test_tensors_in_a_pickle_are_read_as_those_in_safetensors(
    pair: tuple[Path, Path], copy: Path
) -> None:
    said = of(as_pickle(copy)).open().translate(sentences(4))
    assert said == of(pair[0]).open().translate(sentences(4))


class Trap:
    """A pickle that makes a folder when it is read."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.target),)


def test_a_pickle_that_runs_code_is_refused_and_runs_none(copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "sprung"
    as_pickle(copy, trap=Trap(target))
    with pytest.raises(ValueError, match="tensors and nothing else, got a pickle that asks for"):
        of(copy).open()
    assert not target.exists()


def test_damaged_weights_are_refused(copy: Path) -> None:
    raw = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(raw[:1000])
    with pytest.raises(ValueError, match="weights are tensors and nothing else, got"):
        of(copy).open()


def test_the_fingerprint_changes_with_the_weights(pair: tuple[Path, Path], copy: Path) -> None:
    before = of(copy).fingerprint()
    assert before == of(pair[0]).fingerprint()
    shutil.copyfile(pair[1] / "model.safetensors", copy / "model.safetensors")
    changed = Path(shutil.move(copy, copy.with_name("changed")))
    assert of(changed).fingerprint() != before


LACKS = {
    "source.spm": "holds config.json, vocab.json, source.spm, target.spm.*without source.spm",
    "config.json": "without config.json",
    "model.safetensors": "are model.safetensors or pytorch_model.bin, got neither",
}


@pytest.mark.parametrize("name", LACKS)
def test_a_folder_that_is_not_whole_is_refused(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(ValueError, match=LACKS[name]):
        of(copy).fingerprint()


def test_a_model_of_another_kind_is_refused(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(ValueError, match="says model_type marian, got 't5'"):
        of(copy).fingerprint()


def test_a_model_that_cannot_be_fetched_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=r"got 'nobody/opus-mt-en-de', which could not be fetched"):
        translator_of("marian:nobody/opus-mt-en-de").fingerprint()


def test_without_the_extra_it_is_said_what_to_install(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from emoray.augment import marian_files

    monkeypatch.setattr(marian_files, "find_spec", lambda name: name != "sacremoses" or None)
    with pytest.raises(ValueError, match=r"got no sacremoses: pip install 'emoray\[translate\]'"):
        of(pair[0]).open()


@pytest.mark.parametrize(
    ("make", "said"),
    [(lambda: Beams(0), "beams must be at least 1"), (lambda: Sampling(0.0), "above 0, got 0")],
)
def test_a_way_of_decoding_that_cannot_be_is_refused(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=said):
        make()
