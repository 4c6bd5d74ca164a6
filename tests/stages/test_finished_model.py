import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from emoray.labels import SENTIMENT
from emoray.models.encoder.as_saved import logits_as_saved
from emoray.models.encoder.finished.naming import Naming
from emoray.models.encoder.module import EncoderClassifier
from emoray.stages.checkpoint_source import LoadedCheckpoint, find_loaded, read_loaded
from emoray.stages.finished_model import FinishedModel, made_readable
from tests.models.encoder.encoders_made import make_encoder
from tests.models.encoder.finished.made import LABELS, make_adapter, make_sentence_model, with_head
from tests.workflows.checkpoints import OTHER_ORDER, edit_config, own_model, tiny

ONE, SEVERAL = "single_label_classification", "multi_label_classification"
TEXTS = ("thanks a lot!", "what a sad, sad day", "")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("whole") / "bert")


def read(folder: Path, *labels: str, base: Path | None = None, kind: str | None = None) -> Path:
    naming = Naming(labels=labels, problem_type=kind)
    return made_readable(FinishedModel(folder=folder, naming=naming, base=base))


def said_here(given: LoadedCheckpoint) -> np.ndarray:
    """Logits of the model as it is read here."""
    import torch

    tensors, settings, pieces = read_loaded(given)
    ragged = pieces.encode_all(TEXTS)
    module = EncoderClassifier(tensors, settings).eval()
    with torch.inference_mode():
        rows = [module(torch.from_numpy(ragged.row(i).astype(np.int64)[None])) for i in range(3)]
    return np.concatenate([row.numpy() for row in rows])


def as_saved(folder: Path) -> np.ndarray:
    from emoray.text.opened import open_tokenizer

    library = open_tokenizer(folder)
    return logits_as_saved(folder, library.ids(TEXTS, 32), padding=library.padding_id)


@pytest.mark.parametrize(
    "form", ["float16", "bfloat16", "shards", "variant", "shards of a variant"]
)
def test_weights_in_other_files_and_precisions_say_what_transformers_says(
    form: str, whole: Path, tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = tmp_path / "model"
    shutil.copytree(whole, folder)
    (folder / "model.safetensors").unlink()
    kind = torch.bfloat16 if form == "bfloat16" else torch.float16
    model = AutoModelForSequenceClassification.from_pretrained(whole, dtype=kind)
    size = "20KB" if "shards" in form else "1GB"
    variant = "fp16" if "variant" in form else None
    model.save_pretrained(folder, max_shard_size=size, variant=variant)
    names = {path.name for path in folder.glob("*.safetensors*")}
    assert (len(names) > 2) == ("shards" in form)
    found = read(folder)
    assert (found == folder) == ("variant" not in form), "what is read as it is stays where it is"
    wanted = AutoModelForSequenceClassification.from_pretrained(
        folder, variant=variant, dtype=torch.float32
    )
    wanted.save_pretrained(tmp_path / "float")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(folder / name, tmp_path / "float" / name)
    np.testing.assert_allclose(
        said_here(find_loaded(found)), as_saved(tmp_path / "float"), atol=1e-5
    )


def test_labels_without_names_get_those_that_are_said(whole: Path, tmp_path: Path) -> None:
    folder = make_encoder(tmp_path / "m", "bert", width=16, labels=[f"LABEL_{k}" for k in range(4)])
    with pytest.raises(ValueError, match=r"no names, only LABEL_0 .*or with --labels joy,anger"):
        assert find_loaded(read(folder)).taxonomy
    names = ("Happy", "NEG", "ambiguous", "none")  # other words for them, and capitals
    with pytest.raises(ValueError, match="unknown to it: Happy"):
        assert find_loaded(read(folder, *names)).taxonomy
    found = read(folder, "pos", *names[1:])
    given = find_loaded(found)
    assert given.taxonomy == SENTIMENT and found.name == folder.name
    assert given.checkpoint.labels == ("pos", *names[1:])
    np.testing.assert_allclose(said_here(given), as_saved(folder), atol=1e-5)
    assert read(folder, "pos", *names[1:]) == found, "made once"
    with pytest.raises(ValueError, match=r"every output of the head in its order, got 2 for 4"):
        read(folder, "a", "b")
    assert json.loads((folder / "config.json").read_text())["id2label"]["0"] == "LABEL_0"


def test_a_head_that_does_not_say_its_kind_is_told(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(whole, folder)
    edit_config(folder, problem_type=None)
    with pytest.raises(ValueError, match="or say it with --problem-type"):
        find_loaded(read(folder))
    assert find_loaded(read(folder, kind=ONE)).checkpoint.softmax
    assert not find_loaded(read(folder, kind=SEVERAL)).checkpoint.softmax
    with pytest.raises(ValueError, match="problem_type is single_label_classification or multi_"):
        read(folder, kind="regression")


def test_a_class_of_somebodys_own_is_a_classifier_if_it_has_the_head(
    whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(whole, folder)
    edit_config(folder, architectures=["BertForMultiLabelClassification"])
    np.testing.assert_allclose(said_here(find_loaded(read(folder))), as_saved(whole), atol=1e-5)
    edit_config(folder, architectures=["BertForTokenClassification"])
    with pytest.raises(ValueError, match="is a sequence classifier, got BertForTokenClassific"):
        find_loaded(read(folder))


def test_an_adapter_is_read_as_the_model_that_it_makes(tmp_path: Path) -> None:
    base = make_encoder(tmp_path / "base", "bert", width=16)
    make_adapter(tmp_path / "mine", base)
    with pytest.raises(ValueError, match="or say it with --problem-type"):
        find_loaded(read(tmp_path / "mine"))
    found = read(tmp_path / "mine", *LABELS, kind=ONE)
    given = find_loaded(found)
    assert given.checkpoint.labels == LABELS and given.checkpoint.softmax
    assert found.name == "mine" and found != tmp_path / "mine"
    plain = find_loaded(read(tmp_path / "mine", *LABELS, kind=SEVERAL))
    np.testing.assert_allclose(said_here(plain), as_saved(found), atol=1e-5)
    moved = tmp_path / "moved"
    base.rename(moved)
    with pytest.raises(ValueError, match=r"name its folder with --base"):
        read(tmp_path / "mine")
    assert read(tmp_path / "mine", *LABELS, kind=ONE, base=moved) == found
    with pytest.raises(ValueError, match="--base names the model of an adapter"):
        read(moved, base=moved)


def test_a_classifier_of_sentence_transformers_is_read_as_a_fine_tuning(tmp_path: Path) -> None:
    folder = with_head(make_sentence_model(tmp_path / "st"), 16)
    with pytest.raises(ValueError, match=f"--problem-type {ONE} if it does, {SEVERAL} if"):
        read(folder)
    given = find_loaded(read(folder, kind=SEVERAL))
    assert given.checkpoint.kind == "ours" and given.checkpoint.labels == LABELS
    assert given.max_tokens == 24 and said_here(given).shape == (3, 3)
    renamed = find_loaded(read(folder, "a", "b", "c", kind=ONE))
    assert renamed.checkpoint.labels == ("a", "b", "c") and renamed.checkpoint.softmax


def test_our_own_fine_tuning_may_be_told_other_names(whole: Path, tmp_path: Path) -> None:
    own = own_model(tmp_path / "own", whole)
    assert read(own) == own
    names = tuple(name.upper() for name in OTHER_ORDER)
    found = find_loaded(read(own, *names, kind=ONE))
    assert found.checkpoint.labels == names and found.checkpoint.softmax
    assert not find_loaded(own).checkpoint.softmax, "the model's own files stay as they are"
    with pytest.raises(ValueError, match="every output of the head in its order, got 1 for 4"):
        read(own, "a")
