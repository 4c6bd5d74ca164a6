"""An ensemble's folder: members' files once each, one load, the members' weighted voice.

Shapes: M members, N texts, K labels.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.artifact.ensemble import MemberPart, ensemble_files
from emoray.artifact.packaging import Base, base_files, decision_json, row_of, ship_files
from emoray.artifact.runtime import DECISION, ENSEMBLE, LABELS, MANIFEST, MODEL, VOCABULARY
from emoray.decide.ensemble import MeanLogits, MeanProbabilities, combine
from emoray.export.graph import build_graph
from emoray.labels import EKMAN, SENTIMENT
from emoray.quant.granularity import PerChannel
from emoray.quant.scheme import Dynamic, ModelScheme, QuantScheme
from emoray.text.vocabulary import Vocabulary
from emoray.text.words import rules_json
from tests.artifact.test_runtime import ALONE
from tests.export.made import WORDS, network

TEXTS = ["w3 w3 w9, w250!", "", "w8 w7", "w1"] * 20
WEIGHTS = (0.5, 0.3, 0.2)
CUTS = np.linspace(-0.5, 0.5, 7)
SCHEME = ModelScheme(
    dense=QuantScheme(grain=PerChannel(-1)),
    embedding=QuantScheme(grain=PerChannel(0)),
    activations=Dynamic(),
)
VOICES = {runtime.LOGITS: MeanLogits(), runtime.PROBABILITIES: MeanProbabilities()}


def vocabulary(first: str = "w0") -> str:
    return Vocabulary(words=(first, *(f"w{i}" for i in range(1, WORDS - 2)))).to_text()


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemberPart, ...]:
    """Three networks; the first two read the same words, the third one has another vocabulary."""
    found = []
    for seed, (weight, first) in enumerate(zip(WEIGHTS, ("w0", "w0", "other"), strict=True)):
        files = base_files(
            build_graph(network(seed=seed), SCHEME).file,
            vocabulary=vocabulary(first),
            tokenizer=rules_json(),
            labels=EKMAN.labels,
        )
        folder = tmp_path_factory.mktemp("base")
        for name, data in {**files, DECISION: decision_json(1.0, CUTS, "one")}.items():
            (folder / name).write_bytes(data)
        manifest = {p.name: runtime.sha256(p.read_bytes()) for p in folder.iterdir()}
        (folder / MANIFEST).write_bytes(runtime.manifest_of(manifest))
        found.append(MemberPart(folder=folder, weight=weight))
    return tuple(found)


def shipped(parts: tuple[MemberPart, ...], target: Path, mean_of: str = runtime.LOGITS) -> Path:
    files = ensemble_files(parts, mean_of)
    row = row_of(Base.of_ensemble(files), temperature=1.5, cuts_K=CUTS, rule="per_label")
    ship_files(files, row, target)
    assert sum(runtime.sizes(target).values()) == row.size_bytes
    assert runtime.sha256((target / MANIFEST).read_bytes()) == row.sha256
    return target


def test_ensembles_of_equal_members_are_equal_in_size_whatever_they_weigh(
    parts: tuple[MemberPart, ...],
) -> None:
    thirds = [
        MemberPart(folder=part.folder, weight=weight)
        for part, weight in zip(parts, (1 / 3, 0.1, 1 - 1 / 3 - 0.1), strict=True)
    ]
    one, other = (ensemble_files(each, runtime.LOGITS) for each in (parts, thirds))
    assert one.keys() == other.keys() and one[ENSEMBLE] != other[ENSEMBLE]
    assert Base.of_ensemble(one).size_bytes == Base.of_ensemble(other).size_bytes
    weights = [member["weight"] for member in json.loads(other[ENSEMBLE])["members"]]
    assert weights == [part.weight for part in thirds]


@pytest.mark.parametrize("mean_of", VOICES)
def test_an_ensemble_says_its_members_weighted_mean(
    mean_of: str, parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    said_NK = runtime.load(shipped(parts, tmp_path / "a", mean_of)).logits(TEXTS)
    alone_MNK = np.stack([runtime.load(part.folder).logits(TEXTS) for part in parts])
    np.testing.assert_array_equal(said_NK, runtime.combined(alone_MNK, WEIGHTS, mean_of))
    ours_NK = combine(VOICES[mean_of], alone_MNK, np.array(WEIGHTS))
    np.testing.assert_allclose(said_NK, ours_NK, rtol=2e-6, atol=1e-6)


def test_an_ensemble_decides_by_its_own_temperature_and_cuts(
    parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    classifier = runtime.load(shipped(parts, tmp_path / "a"))
    found, logits_NK = classifier(TEXTS), classifier.logits(TEXTS)
    np.testing.assert_allclose(found.probabilities_NK, 1 / (1 + np.exp(-logits_NK / 1.5)), 1e-5)
    wanted = [[EKMAN.labels[k] for k in np.flatnonzero(row)] for row in logits_NK >= CUTS]
    assert found.labels == wanted


def test_a_file_that_members_share_is_kept_once(
    parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    folder = shipped(parts, tmp_path / "a")
    kept = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    models = {f"members/{i}/{MODEL}" for i in range(3)}
    words = {f"members/0/{VOCABULARY}", f"members/2/{VOCABULARY}", "members/0/tokenizer.json"}
    assert kept == {DECISION, LABELS, ENSEMBLE, MANIFEST} | models | words
    readers = [reader for reader, _ in runtime.load(folder).members]
    assert readers[0] is readers[1] and readers[0] is not readers[2]


def test_a_member_without_a_weight_is_not_shipped(parts: tuple[MemberPart, ...]) -> None:
    first, second, third = parts
    kept = (
        first,
        MemberPart(folder=second.folder, weight=0.0),
        MemberPart(folder=third.folder, weight=0.5),
    )
    files = ensemble_files(kept, runtime.LOGITS)
    assert len([name for name in files if name.endswith(MODEL)]) == 2
    assert [m["weight"] for m in json.loads(files[ENSEMBLE])["members"]] == [0.5, 0.5]


def test_an_ensemble_of_one_is_its_member_to_the_last_bit(
    parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    one = MemberPart(folder=parts[0].folder, weight=1.0)
    for mean_of in VOICES:
        said_NK = runtime.load(shipped((one,), tmp_path / mean_of, mean_of)).logits(TEXTS)
        np.testing.assert_array_equal(said_NK, runtime.load(one.folder).logits(TEXTS))


def test_an_ensemble_runs_with_numpy_and_onnxruntime_alone(
    parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    folder = shipped(parts, tmp_path / "empty" / "a", runtime.PROBABILITIES)
    copied = shutil.copy(runtime.__file__, tmp_path / "empty" / "artifact.py")
    ran = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, copied, str(folder)],
        cwd=tmp_path / "empty",
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == str(runtime.load(folder)(["w3 w9"]).labels)


@pytest.mark.parametrize("name", [ENSEMBLE, f"members/1/{MODEL}", "members/0/tokenizer.json"])
def test_a_flipped_bit_anywhere_is_refused(
    name: str, parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    folder = shipped(parts, tmp_path / "a")
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(ValueError, match=rf"as its manifest says, got .* where {name} has SHA-256"):
        runtime.load(folder)


@pytest.mark.parametrize("name", ["../outside", "members/0/../../x", "members/x/model.onnx", "a"])
def test_a_manifest_that_names_other_places_is_refused(
    name: str, parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    folder = shipped(parts, tmp_path / "a")
    listed = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_bytes(runtime.manifest_of({**listed, name: "0" * 64}))
    with pytest.raises(ValueError, match="nor those of an ensemble"):
        runtime.load(folder)


def test_members_of_two_taxonomies_are_refused(
    parts: tuple[MemberPart, ...], tmp_path: Path
) -> None:
    shutil.copytree(parts[1].folder, tmp_path / "other")
    (tmp_path / "other" / LABELS).write_text(json.dumps(SENTIMENT.labels))
    strange = MemberPart(folder=tmp_path / "other", weight=0.5)
    with pytest.raises(ValueError, match=r"members .* same labels .* models of one taxonomy"):
        ensemble_files((parts[0], strange), runtime.LOGITS)


def test_weights_that_do_not_sum_to_one_are_refused(parts: tuple[MemberPart, ...]) -> None:
    with pytest.raises(ValueError, match=r"at least 0 and sum to 1, got \[0.5, 0.3\]"):
        ensemble_files(parts[:2], runtime.LOGITS)


def test_a_base_that_lacks_members_is_refused(parts: tuple[MemberPart, ...]) -> None:
    files = ensemble_files(parts, runtime.LOGITS)
    del files[ENSEMBLE]
    with pytest.raises(ValueError, match=r"an ensemble's base holds ensemble.json"):
        Base.of_ensemble(files)
