"""Artifacts that no emoray wrote: each fault is one clear line at load; no other file is read."""

import base64
import json
import os
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emoray.artifact import runtime
from emoray.artifact.runtime import (
    DECISION,
    ENSEMBLE,
    LABELS,
    MANIFEST,
    MODEL,
    TOKENIZER,
    VOCABULARY,
    Classifier,
    load,
    packed_rows,
    refuse_external,
)
from emoray.artifact.scoring import scoring_session
from emoray.export.graph import build_graph
from emoray.quant.catalogue import quick_schemes
from emoray.quant.scheme import ModelScheme
from tests.artifact.shipped import changed, files
from tests.export.made import WORDS, network

Files = dict[str, bytes]
DECISIONS = {
    "a temperature of NaN": ({"temperature": float("nan")}, "a finite temperature above 0"),
    "of nothing": ({"temperature": None}, "a finite temperature above 0"),
    "of 0": ({"temperature": 0}, "a finite temperature above 0"),
    "below 0": ({"temperature": -1.0}, "a finite temperature above 0"),
    "so small that it is 0 as float32": ({"temperature": 1e-60}, "a finite temperature above 0"),
    "infinite": ({"temperature": float("inf")}, "a finite temperature above 0"),
    "of 400 digits": ({"temperature": 10**400}, "a finite temperature above 0"),
    "true": ({"temperature": True}, "a finite temperature above 0"),
    "of a softmax that is no answer": ({"softmax": "yes"}, "has softmax true or false"),
    "a cut too few": ({"cuts": [0.0] * 6}, "one cut for each of 7 labels, got 6"),
    "no list of cuts": ({"cuts": 0.5}, "one cut for each of 7 labels, got 0.5"),
    "a cut of NaN": ({"cuts": [0.0] * 6 + [float("nan")]}, "cuts that are finite .*got nan"),
    "a cut of text": ({"cuts": [0.0] * 6 + ["1"]}, "cuts that are finite numbers, got '1'"),
    "a list for a cut": ({"cuts": [0.0] * 6 + [[1]]}, r"cuts that are finite numbers, got \[1\]"),
}
WHOLE = {
    "labels twice": (LABELS, b'["a","b","c","d","e","f","a"]', "each name once, got 'a'"),
    "labels of numbers": (LABELS, b"[1,2,3,4,5,6,7]", "all of them strings"),
    "no labels": (LABELS, b"[]", "at least one name"),
    "a label too few": (LABELS, b'["a","b","c","d","e","f"]', "one cut for each of 6 labels"),
    "labels by name": (LABELS, b'{"a": 1}', "labels.json of an artifact holds a list"),
    "no JSON": (LABELS, b"joy, anger", r"labels.json of an artifact is JSON, got b'joy"),
    "a decision that is a list": (DECISION, b"[]", "decision.json of an artifact holds an object"),
    "JSON without end": (DECISION, b"[" * 100_000, "decision.json of an artifact is JSON"),
    "JSON of Latin-1": (DECISION, b'{"a": "\xe9"}', "decision.json of an artifact is JSON"),
    "words of Latin-1": (VOCABULARY, b"caf\xe9\n", r"vocabulary.txt .* is UTF-8, got b'\\xe9'"),
    "a word twice": (VOCABULARY, b"good\nday\ngood\n", "each word once, got 'good'"),
    "more words than the model has": (
        VOCABULARY,
        "".join(f"w{i}\n" for i in range(5000)).encode(),
        "a word for each id of its model, got 5000",
    ),
    "a tokenizer that is a list": (TOKENIZER, b"[1]", "tokenizer.json of an artifact holds an obj"),
    "no model at all": (MODEL, b"", "float32 logits|an ONNX model"),
    "a model of noise": (MODEL, b"\x0f" * 200, "is an ONNX model"),
    "text for a model": (MODEL, b"<html>not found</html>", "is an ONNX model"),
    "onnxruntime's own format": (MODEL, b"\x00" * 4 + b"ORTM" + b"\x00" * 90, "onnxruntime's own"),
}
TOKENIZERS = {
    "a rule that is no regex": ({"rules": [["(", ""]]}, "word rules that emoray wrote"),
    "rules of numbers": ({"rules": [[1, 2]]}, "word rules that emoray wrote, got others"),
    "a slow token": ({"token": "(a+)+$"}, "word rules that emoray wrote, got others"),
    "a form that Unicode has not": ({"normalize": "NFX"}, "word rules that emoray wrote"),
    "no word at most": ({"max_tokens": 0}, "max_tokens of tokenizer.json is a number above 0"),
    "words by text": ({"max_tokens": "64"}, "max_tokens of tokenizer.json is a number above 0"),
    "a kind of its own": ({"kind": "syllables"}, "is of a kind known here"),
    "a kind that is a list": ({"kind": []}, "is of a kind known here"),
    "pieces without settings": ({"kind": "bpe"}, "has the setting max_tokens|prefix"),
}


def refused(spoilt: Files, match: str, tmp_path: Path) -> None:
    """One short line, from a folder whose hashes all match."""
    runtime.write(tmp_path / "stranger", spoilt)
    with pytest.raises(ValueError, match=match) as caught:
        load(tmp_path / "stranger")
    said = str(caught.value).replace(str(tmp_path), "")
    assert "\n" not in said and len(said) < 300 and ": " in said


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_that_decides_nothing_is_refused(name: str, tmp_path: Path) -> None:
    settings, match = DECISIONS[name]
    refused(changed(DECISION, **settings), match, tmp_path)


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_holds_something_else_is_refused(name: str, tmp_path: Path) -> None:
    file, content, match = WHOLE[name]
    refused(files() | {file: content}, match, tmp_path)


TABLES = {
    "float": ModelScheme(),
    "8 bits": quick_schemes()["int8-sym-channel-minmax+emb:int8-sym-row-minmax@dynamic"],
    "4 bits": quick_schemes()["int8-sym-channel-mse+emb:int4-sym-row-mse@dynamic"],
    "2 bits": quick_schemes()["int8-sym-channel-minmax+emb:uint2-aff-row-mse@dynamic"],
}


@pytest.mark.parametrize("more", [1, -1, -100], ids=["one too many", "one too few", "100 too few"])
@pytest.mark.parametrize("table", TABLES)
def test_a_vocabulary_of_another_model_is_refused(
    table: str, more: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = files() | {MODEL: build_graph(network(), TABLES[table]).file}
    words = given[VOCABULARY].splitlines()
    assert Classifier(given).read(["waa"])[0].unknown_share == 0
    spoilt = [*words, b"more"] if more > 0 else words[:more]
    content = b"".join(word + b"\n" for word in spoilt)
    match = f"a word for each id of its model, got {len(words) + more}"
    refused(given | {VOCABULARY: content}, match, tmp_path)
    assert "onnxruntime" not in capfd.readouterr().err, "nothing but the one line"


def test_no_other_number_than_ids_looks_up_codes_whose_end_nobody_checks() -> None:
    model = onnx.load_from_string(build_graph(network(), TABLES["4 bits"]).file)
    assert packed_rows(model.SerializeToString()) == {WORDS}
    (look_up,) = (node for node in model.graph.node if node.op_type == "GatherBlockQuantized")
    look_up.input[1] = "ids_and_a_million"
    assert packed_rows(model.SerializeToString()) == {None}
    look_up.input[:2] = ["made", "ids"]
    assert packed_rows(model.SerializeToString()) == {None}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_tokenizer_that_cannot_cut_is_refused(name: str, tmp_path: Path) -> None:
    settings, match = TOKENIZERS[name]
    refused(changed(TOKENIZER, **settings), match, tmp_path)


PIECES = {
    "max_tokens": 8,
    "prefix": ["[CLS]"],
    "suffix": ["[SEP]"],
    "added": ["[NAME]"],
}
WORDPIECE = PIECES | {
    "kind": "wordpiece",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": True,
    "lowercase": True,
    "continuing": "##",
    "longest_word": 100,
}
BPE = PIECES | {"kind": "bpe", "merges": ["a b"], "add_prefix_space": True}
LATIN = base64.b64encode(zlib.compress(b"\xe9\0e\0")).decode()
SCORES = base64.b64encode(zlib.compress(np.zeros(1).tobytes())).decode()
NO_SCORE = base64.b64encode(zlib.compress(np.full(1, np.nan).tobytes())).decode()
UNIGRAM = PIECES | {
    **{"kind": "unigram", "scores": SCORES, "unknown": "<unk>", "unknown_score": 0, "lowest": -9.5},
    **{"byte_fallback": False, "metaspace": True, "prepend_scheme": "always", "split": True},
    **{"split_whitespace": True, "split_punctuation": False, "normalize": []},
}
ENCODERS = {
    "scores of another kind": (UNIGRAM | {"scores": [1.0]}, "scores of its type"),
    "a score that is no number": (UNIGRAM | {"scores": NO_SCORE}, "a finite score for each"),
    "scores that do not unpack": (UNIGRAM | {"scores": "AAAA"}, "scores that unpack"),
    "a lowest score of nothing": (UNIGRAM | {"lowest": None}, "a finite number lowest"),
    "another scheme": (UNIGRAM | {"prepend_scheme": "last"}, "prepends always or first or never"),
    "steps that are none": (UNIGRAM | {"normalize": "NFC"}, "normalize of its type"),
    "a step of its own": (BPE | {"normalize": [{"type": "Nmt"}]}, "steps known here"),
    "a pattern of its own": (
        BPE | {"normalize": [{"type": "Replace", "pattern": {"Regex": "(a+)+b"}, "content": ""}]},
        "replaces patterns known here",
    ),
    "a pattern of nothing": (
        BPE | {"normalize": [{"type": "Replace", "pattern": {"String": ""}, "content": ""}]},
        "replaces text by text",
    ),
    "a map that does not unpack": (
        UNIGRAM | {"normalize": [{"type": "Precompiled", "replacements": 1}]},
        "replacements that unpack",
    ),
    "a map in another coding": (
        UNIGRAM | {"normalize": [{"type": "Precompiled", "replacements": LATIN}]},
        "replacements in UTF-8",
    ),
    "frame that fills the text": (WORDPIECE | {"max_tokens": 2}, "room for a piece"),
    "an added piece of nothing": (WORDPIECE | {"added": [""]}, "at least one character"),
    "added tokens of numbers": (WORDPIECE | {"added": [1]}, "added tokens with all their flags"),
    "an added token without flags": (
        WORDPIECE | {"added": [{"content": "[NAME]"}]},
        "added tokens with all their flags",
    ),
    "no longest word": (WORDPIECE | {"longest_word": "100"}, "longest_word of its type"),
    "a switch of text": (BPE | {"add_prefix_space": "yes"}, "add_prefix_space of its type"),
    "a merge of three": (BPE | {"merges": ["a b c"]}, "merges two pieces at a time"),
    "a merge with nothing": (BPE | {"merges": ["a "]}, "merges two pieces at a time"),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoders_tokenizer_that_cannot_cut_is_refused(name: str, tmp_path: Path) -> None:
    settings, match = ENCODERS[name]
    refused(files() | {TOKENIZER: json.dumps(settings).encode()}, match, tmp_path)


MEMBER = {
    "weight": 1.0,
    "model": "members/0/model.onnx",
    "vocabulary": "members/0/vocabulary.txt",
    "tokenizer": "members/0/tokenizer.json",
}
ENSEMBLES = {
    "of a mean of its own": ({"mean_of": "votes", "members": [MEMBER]}, "mean of logits or prob"),
    "of nobody": ({"mean_of": "logits", "members": []}, "has members"),
    "of a number": ({"mean_of": "logits", "members": [1]}, "names the files of each member"),
    "of another's file": (
        {"mean_of": "logits", "members": [MEMBER | {"model": "../model.onnx"}]},
        "names the files of each member",
    ),
    "that weighs nothing": (
        {"mean_of": "logits", "members": [MEMBER | {"weight": 0}]},
        "weights that sum to 1",
    ),
    "that weighs NaN": (
        {"mean_of": "logits", "members": [MEMBER | {"weight": float("nan")}]},
        "a weight of at least 0",
    ),
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_an_ensemble_without_sense_is_refused(name: str, tmp_path: Path) -> None:
    said, match = ENSEMBLES[name]
    whole = files()
    own = {f"members/0/{n}": whole.pop(n) for n in (MODEL, VOCABULARY, TOKENIZER)}
    refused(whole | own | {ENSEMBLE: json.dumps(said).encode()}, match, tmp_path)


def test_the_whole_ensemble_is_loaded(tmp_path: Path) -> None:
    whole = files()
    own = {f"members/0/{n}": whole.pop(n) for n in (MODEL, VOCABULARY, TOKENIZER)}
    said = {"mean_of": "logits", "members": [MEMBER]}
    runtime.write(tmp_path / "a", whole | own | {ENSEMBLE: json.dumps(said).encode()})
    assert load(tmp_path / "a")(["wab"]).labels == Classifier(files())(["wab"]).labels


# --- what a model may name


def graph_of(
    ids: str = "ids", logits: str = "logits", labels: int = 7, kind: int = TensorProto.FLOAT
) -> onnx.ModelProto:
    """Logits that are the same whatever is said, with the names and sizes asked for."""
    constant = numpy_helper.from_array(np.zeros((1, labels), np.float32), "constant")
    nodes = [helper.make_node("Identity" if kind == 1 else "Cast", ["constant"], [logits])]
    if kind != TensorProto.FLOAT:
        nodes[0].attribute.append(helper.make_attribute("to", kind))
    inputs = [helper.make_tensor_value_info(ids, TensorProto.INT32, ["N", "L"])]
    outputs = [helper.make_tensor_value_info(logits, kind, [1, labels])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, [constant])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


GRAPHS = {
    "another input": (graph_of(ids="input_ids"), r"of int32 ids \[N, L\], got"),
    "another output": (graph_of(logits="scores"), r"float32 logits \[N, K\] of"),
    "doubles": (graph_of(kind=TensorProto.DOUBLE), r"float32 logits \[N, K\] of"),
    "a label too many": (graph_of(labels=8), "a logit for each of 7 labels, got 8"),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_model_of_other_ends_is_refused(name: str, tmp_path: Path) -> None:
    model, match = GRAPHS[name]
    refused(files() | {MODEL: model.SerializeToString()}, match, tmp_path)


def test_a_model_that_says_nan_is_refused(tmp_path: Path) -> None:
    model = graph_of()
    model.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(np.full((1, 7), np.nan, np.float32), "constant")
    )
    refused(files() | {MODEL: model.SerializeToString()}, "has finite logits, got", tmp_path)


def outside(name: str = "outside") -> TensorProto:
    """A tensor whose values lie in a file below the working directory."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1, 7])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    return tensor


def in_an_initializer(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(outside())


def in_a_constant(model: onnx.ModelProto) -> None:
    node = model.graph.node.add(op_type="Constant", output=["outside"])
    node.attribute.append(helper.make_attribute("value", outside()))


def in_a_list_of_tensors(model: onnx.ModelProto) -> None:
    node = model.graph.node.add(op_type="Custom")
    node.attribute.append(onnx.AttributeProto(name="all", tensors=[outside()]))


def in_a_branch(model: onnx.ModelProto) -> None:
    branch = onnx.GraphProto(name="then", initializer=[outside()])
    node = model.graph.node.add(op_type="If")
    node.attribute.append(onnx.AttributeProto(name="then_branch", g=branch))


def in_a_branch_of_a_branch(model: onnx.ModelProto) -> None:
    inner = onnx.GraphProto(name="inner", initializer=[outside()])
    deep = onnx.NodeProto(
        op_type="If", attribute=[onnx.AttributeProto(name="then_branch", graphs=[inner])]
    )
    branch = onnx.GraphProto(name="then", node=[deep])
    node = model.graph.node.add(op_type="If")
    node.attribute.append(onnx.AttributeProto(name="then_branch", g=branch))


def in_a_function(model: onnx.ModelProto) -> None:
    node = onnx.NodeProto(op_type="Constant", output=["o"])
    node.attribute.append(helper.make_attribute("value", outside()))
    model.functions.add(name="f", domain="d", node=[node])


def in_a_functions_default(model: onnx.ModelProto) -> None:
    default = onnx.AttributeProto(name="a", t=outside())
    model.functions.add(name="f", domain="d", attribute_proto=[default])


def in_a_sparse_tensor(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add(values=outside(), dims=[1, 7])


def in_its_training(model: onnx.ModelProto) -> None:
    model.training_info.add(algorithm=onnx.GraphProto(initializer=[outside()]))


def without_a_location(model: onnx.ModelProto) -> None:
    tensor = outside()
    tensor.ClearField("external_data")
    model.graph.initializer.append(tensor)


def without_saying_so(model: onnx.ModelProto) -> None:
    tensor = outside()
    tensor.ClearField("data_location")
    model.graph.initializer.append(tensor)


HIDDEN = (
    in_an_initializer,
    in_a_constant,
    in_a_list_of_tensors,
    in_a_branch,
    in_a_branch_of_a_branch,
    in_a_function,
    in_a_functions_default,
    in_a_sparse_tensor,
    in_its_training,
    without_a_location,
    without_saying_so,
)


@pytest.mark.parametrize("hide", HIDDEN, ids=lambda hide: hide.__name__)
def test_a_tensor_in_another_file_is_refused_wherever_it_stands(
    hide: Callable[[onnx.ModelProto], None], tmp_path: Path
) -> None:
    model = graph_of()
    hide(model)
    refused(files() | {MODEL: model.SerializeToString()}, "holds all its tensors", tmp_path)
    with pytest.raises(ValueError, match="holds all its tensors, got one in another file: do not"):
        scoring_session(model.SerializeToString())


def test_no_file_below_the_working_directory_becomes_logits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(np.arange(7, dtype=np.float32).tobytes())
    model = graph_of()
    model.graph.initializer[0].CopyFrom(outside("constant"))
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match="holds all its tensors"):
        scoring_session(tmp_path / "model.onnx")
    refused(files() | {MODEL: model.SerializeToString()}, "holds all its tensors", tmp_path)


@pytest.mark.parametrize("location", [b"\x70\x81\x80\x80\x80\x10", b"\x70\x81\x00", b"\x70\x02"])
def test_a_location_said_in_another_way_is_read_as_onnxruntime_reads_it(location: bytes) -> None:
    tensor = location
    graph = b"\x2a" + bytes([len(tensor)]) + tensor
    with pytest.raises(ValueError, match="holds all its tensors"):
        refuse_external(b"\x3a" + bytes([len(graph)]) + graph)


@pytest.mark.parametrize(
    "noise", [b"\x3a\xff", b"\x3a", b"\xff" * 11, b"\x0b", b"\x09\x00"], ids=repr
)
def test_what_is_no_message_is_no_model(noise: bytes) -> None:
    with pytest.raises(ValueError, match=r"model.onnx of an artifact is an ONNX model, got b"):
        refuse_external(noise)


def test_our_own_models_hold_their_tensors() -> None:
    refuse_external(files()[MODEL])


def test_the_walk_knows_every_place_where_onnx_keeps_tensors() -> None:
    names = {
        "model": "ModelProto",
        "training": "TrainingInfoProto",
        "graph": "GraphProto",
        "function": "FunctionProto",
        "node": "NodeProto",
        "attribute": "AttributeProto",
        "sparse": "SparseTensorProto",
        "tensor": "TensorProto",
    }
    ours = {full: short for short, full in names.items()}
    for short, full in names.items():
        by_number = {
            field.number: ours[field.message_type.name]
            for field in getattr(onnx, full).DESCRIPTOR.fields
            if field.message_type and field.message_type.name in ours
        }
        walked = runtime._INSIDE.get(short, {}).items()
        found = {number: inside.replace("initializer", "tensor") for number, inside in walked}
        assert by_number == found, full
    numbers = {f.name: f.number for f in onnx.TensorProto.DESCRIPTOR.fields}
    assert (numbers["external_data"], numbers["data_location"]) == (13, 14)


# --- the folder


def test_a_pipe_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    runtime.write(tmp_path / "a", files())
    (tmp_path / "a" / LABELS).unlink()
    os.mkfifo(tmp_path / "a" / LABELS)
    with pytest.raises(ValueError, match=r"labels.json is missing"):
        load(tmp_path / "a")


def test_a_manifest_of_other_things_than_hashes_is_refused(tmp_path: Path) -> None:
    runtime.write(tmp_path / "a", files())
    listed = json.loads((tmp_path / "a" / MANIFEST).read_bytes())
    (tmp_path / "a" / MANIFEST).write_text(json.dumps({name: [] for name in listed}))
    with pytest.raises(ValueError, match=r"manifest.json has no SHA-256 of decision.json"):
        load(tmp_path / "a")


@pytest.mark.parametrize("version", ["1.23.2", "1.9.0", "0.5"])
def test_an_onnxruntime_too_old_is_refused(version: str) -> None:
    match = rf"needs onnxruntime 1.24 or newer, got {re.escape(version)}: pip install"
    with pytest.raises(ValueError, match=match):
        runtime.check_onnxruntime(version)


@pytest.mark.parametrize("version", ["1.24.0", "1.31.1", "1.25.0.dev20260101", "2.0", "unknown"])
def test_a_newer_onnxruntime_is_taken(version: str) -> None:
    runtime.check_onnxruntime(version)
