import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from emoray.artifact import atomic_switch, runtime
from emoray.artifact.atomic_switch import AS_FOUND, HISTORY
from emoray.artifact.decision_history import change, go_to, history, model_sha256, redo, undo
from emoray.artifact.packaging import base_files, decision_json
from emoray.artifact.runtime import DECISION, FILES, MANIFEST, sha256
from emoray.export.graph import build_graph
from emoray.labels import EKMAN
from emoray.text.vocabulary import Vocabulary
from emoray.text.words import rules_json
from tests.conftest import ROOT
from tests.export.made import WORDS, network
from tests.storage.store.test_local import full_disk

CUTS = np.linspace(-0.5, 0.5, 7)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    vocabulary = Vocabulary(words=tuple(f"w{i}" for i in range(WORDS - 2))).to_text()
    base = base_files(
        build_graph(network()).file,
        vocabulary=vocabulary,
        tokenizer=rules_json(),
        labels=EKMAN.labels,
    )
    return base | {DECISION: decision_json(1.0, np.zeros(7), "fixed0.5")}


@pytest.fixture
def folder(files: dict[str, bytes], tmp_path: Path) -> Path:
    runtime.write(tmp_path / "artifact", files)
    return tmp_path / "artifact"


def decided(folder: Path) -> dict[str, object]:
    return json.loads(runtime.read(folder)[DECISION])


def set_to(folder: Path, value: float) -> None:
    change(folder, temperature=1.5, cuts_K=CUTS + value, rule="given", why=f"plus {value}")


def pair(folder: Path) -> tuple[bytes, bytes]:
    return (folder / DECISION).read_bytes(), (folder / MANIFEST).read_bytes()


def test_another_decision_leaves_softmax_as_it_is(files: dict[str, bytes], tmp_path: Path) -> None:
    softmax = decision_json(1.0, np.zeros(7), "argmax", softmax=True)
    runtime.write(tmp_path / "one", {**files, DECISION: softmax})
    set_to(tmp_path / "one", 0.25)
    assert decided(tmp_path / "one")["softmax"] is True
    assert undo(tmp_path / "one").rule == "argmax"


def test_a_changed_decision_is_read_and_the_manifest_follows(
    folder: Path, files: dict[str, bytes]
) -> None:
    saved = change(folder, temperature=1.5, cuts_K=CUTS, rule="per_label", why="a test")
    assert (saved.number, saved.state, saved.temperature) == (1, "current", 1.5)
    wanted = files | {DECISION: decision_json(1.5, CUTS, "per_label")}
    assert runtime.read(folder) == wanted
    hashes = {name: sha256(data) for name, data in wanted.items()}
    assert (folder / MANIFEST).read_bytes() == runtime.manifest_of(hashes)
    classifier = runtime.load(folder)
    assert classifier.temperature == 1.5 and (classifier.cuts_K == CUTS).all()


def test_at_rest_an_artifact_is_plain_files_and_a_hidden_history(folder: Path) -> None:
    before = runtime.sizes(folder)
    set_to(folder, 0)
    undo(folder)
    assert {p.name for p in folder.iterdir()} == {*FILES, MANIFEST, HISTORY}
    assert all(p.is_file() and not p.is_symlink() for p in folder.iterdir() if p.name != HISTORY)
    assert {p.name for p in (folder / HISTORY).iterdir()} == {"0000", "0001", "at.json", "lock"}
    assert runtime.sizes(folder) == before, "the history is not counted"


def test_an_undo_restores_byte_for_byte_again_and_again(folder: Path) -> None:
    pairs = [pair(folder)]
    for value in (0, 1, 0, 2):  # one of them twice
        set_to(folder, value)
        pairs.append(pair(folder))
    for wanted in reversed(pairs[:-1]):
        undo(folder)
        assert pair(folder) == wanted
        runtime.read(folder)
    with pytest.raises(ValueError, match="needs a decision before the current one"):
        undo(folder)


def test_history_tells_every_decision_and_why(folder: Path) -> None:
    assert history(folder) == []
    set_to(folder, 0)
    set_to(folder, 1)
    undo(folder)
    set_to(folder, 2)
    told = [(s.number, s.state, s.why) for s in history(folder)]
    assert told == [
        (0, "kept", AS_FOUND),
        (1, "kept", "plus 0"),
        (2, "undone", "plus 1"),
        (3, "current", "plus 2"),
    ]
    assert [s.after for s in history(folder)] == [None, 0, 1, 1]
    assert history(folder)[0].thresholds == (0.5,) * 7
    assert all(s.when.endswith("+00:00") for s in history(folder))


def test_a_change_leaves_the_size_as_it_was(folder: Path) -> None:
    before = runtime.sizes(folder)
    change(folder, temperature=1 / 3, cuts_K=CUTS / 7, rule="per_label_s20", why="digits")
    assert runtime.sizes(folder) == before


def test_a_decision_without_padding_is_read_and_is_the_same_decision(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    short = json.dumps(json.loads(decision_json(1.5, CUTS, "per_label")), separators=(",", ":"))
    runtime.write(tmp_path / "old", files | {DECISION: short.encode()})
    assert (runtime.load(tmp_path / "old").cuts_K == CUTS).all()
    change(tmp_path / "old", temperature=1.5, cuts_K=CUTS, rule="per_label", why="again")
    assert (tmp_path / "old" / DECISION).read_bytes() == short.encode()


def test_back_and_forth_nothing_of_the_history_is_lost(folder: Path) -> None:
    pairs = [pair(folder)]
    for value in (0, 1, 2):
        set_to(folder, value)
        pairs.append(pair(folder))
    assert [undo(folder).number for _ in range(3)] == [2, 1, 0]
    assert [redo(folder).number for _ in range(2)] == [1, 2] and pair(folder) == pairs[2]
    set_to(folder, 9)  # saved anew on an older one
    assert go_to(folder, 3).number == 3 and pair(folder) == pairs[3]
    assert undo(folder).number == 2, "to the decision that it was made on"
    assert redo(folder).number == 3, "and back to where it came from, not to the newest"
    assert [s.number for s in history(folder)] == [0, 1, 2, 3, 4]
    for number, wanted in enumerate(pairs):
        go_to(folder, number)
        assert pair(folder) == wanted
        runtime.read(folder)


def test_equal_decisions_of_the_history_are_told_apart(folder: Path) -> None:
    for value in (0, 1, 0):
        set_to(folder, value)
    assert go_to(folder, 1).number == 1 and undo(folder).number == 0
    assert [s.state for s in history(folder)] == ["current", "undone", "undone", "undone"]


def test_a_redo_goes_on_where_nobody_knows_what_was_undone(folder: Path) -> None:
    set_to(folder, 0)
    undo(folder)
    (folder / HISTORY / "at.json").write_bytes(b"{")
    assert redo(folder).number == 1
    with pytest.raises(ValueError, match=r"a redo needs a decision that was undone, .* after 1"):
        redo(folder)


def test_a_number_that_is_none_of_the_history_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"--to needs a history, .* has none"):
        go_to(folder, 0)
    set_to(folder, 0)
    with pytest.raises(ValueError, match=r"has a number \(0, 1\), got 7: --list shows all"):
        go_to(folder, 7)


def test_what_an_earlier_version_undid_gets_a_number(folder: Path) -> None:
    set_to(folder, 0)
    undo(folder)
    (folder / HISTORY / "undone").mkdir()
    (folder / HISTORY / "0001").rename(folder / HISTORY / "undone" / "0001-0123abcd")
    (folder / HISTORY / "at.json").unlink()
    assert [(s.number, s.state) for s in history(folder)] == [(0, "current"), (1, "undone")]
    set_to(folder, 1)
    assert [(s.number, s.why) for s in history(folder)][1:] == [(1, "plus 0"), (2, "plus 1")]
    assert not (folder / HISTORY / "undone").exists()


def test_scores_are_kept_where_they_are_known(folder: Path) -> None:
    change(folder, temperature=1.5, cuts_K=CUTS, rule="one", why="x", scores={"test_macro_f1": 0.5})
    assert history(folder)[-1].scores == {"test_macro_f1": 0.5}


def test_the_same_decision_again_changes_nothing(folder: Path) -> None:
    set_to(folder, 0)
    before = history(folder)
    set_to(folder, 0)
    assert history(folder) == before


def test_the_model_keeps_its_hash_whatever_it_decides(folder: Path) -> None:
    before = model_sha256(runtime.read(folder))
    set_to(folder, 0)
    assert model_sha256(runtime.read(folder)) == before
    files = runtime.read(folder) | {runtime.VOCABULARY: b"other\n"}
    assert model_sha256(files) != before


def test_nothing_to_undo_is_refused_and_leaves_no_trace(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"needs a decision before the current one, .* has none"):
        undo(folder)
    assert not (folder / HISTORY).exists()


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_damaged_artifact_is_refused_untouched(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    for act in (lambda: set_to(folder, 0), lambda: undo(folder), lambda: history(folder)):
        with pytest.raises(ValueError, match=r"files are as its manifest says, got"):
            act()
    assert (folder / name).read_bytes() == data and not (folder / HISTORY).exists()


def test_cuts_of_other_labels_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"one cut for each label, 7 here, got shape \(4,\)"):
        change(folder, temperature=1.0, cuts_K=CUTS[:4], rule="one", why="")


def test_an_undo_never_brings_a_decision_to_another_model(folder: Path) -> None:
    set_to(folder, 0)
    other = runtime.read(folder) | {runtime.VOCABULARY: b"w0\n"}
    for name, data in other.items():
        (folder / name).write_bytes(data)
    hashes = {name: sha256(data) for name, data in other.items()}
    (folder / MANIFEST).write_bytes(runtime.manifest_of(hashes))
    before = pair(folder)
    with pytest.raises(ValueError, match="restores a decision on the same model, 0001 in"):
        undo(folder)
    assert pair(folder) == before
    set_to(folder, 1)
    undo(folder)
    assert pair(folder) == before and len(history(folder)) == 4


def test_a_damaged_history_is_refused_and_can_be_gone_on_from(folder: Path) -> None:
    set_to(folder, 0)
    (folder / HISTORY / "0000" / DECISION).write_bytes(b"{}")
    before = pair(folder)
    with pytest.raises(ValueError, match=r"a kept decision is as its manifest says, .*0000 is not"):
        undo(folder)
    assert pair(folder) == before
    (folder / HISTORY / "0001" / DECISION).write_bytes(b"{}")
    (folder / HISTORY / "0001" / "note.json").unlink()
    set_to(folder, 1)
    assert undo(folder).why == AS_FOUND and pair(folder) == before


def test_files_of_the_users_own_stay(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    set_to(folder, 0)
    undo(folder)
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_full_disk_leaves_the_decision_as_it_was(folder: Path) -> None:
    before = pair(folder)
    with (
        full_disk(100),
        pytest.raises(OSError, match="its decision is whole; make room"),
    ):
        set_to(folder, 0)
    assert pair(folder) == before and runtime.read(folder)
    set_to(folder, 0)
    undo(folder)
    assert pair(folder) == before


# A child for every step that changes the disk: SIGKILL before it, then a look at what is left.
KILLER = """
import os, shutil, signal, sys, types
from pathlib import Path

import numpy as np

sys.modules["onnxruntime"] = types.ModuleType("onnxruntime")  # not run here; a light fork is fast
from emoray.artifact import atomic_switch as switch
from emoray.artifact import decision_history as decision
from emoray.artifact import runtime as artifact

folder, act = Path(sys.argv[1]), sys.argv[2]
STEPS = {"open", "os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir"}
CUTS = np.arange(7.0)
os.fsync = lambda file: None  # a killed process loses nothing that the system has taken


def run():
    if act == "undo":
        decision.undo(folder)
    elif act == "redo":
        decision.redo(folder)
    else:
        decision.change(folder, temperature=2.0, cuts_K=CUTS, rule="given", why="x")


def killed_before(step):
    left = step

    def watch(event, arguments):
        nonlocal left
        if event in STEPS and not (event == "open" and arguments[1] in ("r", "rb")):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    try:
        run()
    except BaseException as error:
        print(error, file=sys.stderr)
        os._exit(1)
    os._exit(0)


def pair():
    return tuple((folder / name).read_bytes() for name in switch.PAIR)


whole = folder.parent / "as_it_was"
shutil.copytree(folder, whole)
before, seen, deaths = pair(), set(), 0
for step in range(1, 2000):
    child = os.fork()
    if not child:
        killed_before(step)
    status = os.waitpid(child, 0)[1]
    artifact.read(folder)  # whole, whatever happened
    seen.add(pair())
    if not os.WIFSIGNALED(status):
        assert os.waitstatus_to_exitcode(status) == 0
        break
    deaths += 1
    assert sum(s.state == "current" for s in decision.history(folder)) <= 1
    # What a killed call left is finished or forgotten by the next one.
    now = pair()
    decision.change(folder, temperature=3.0, cuts_K=CUTS, rule="given", why="y")
    artifact.read(folder)
    assert not any(p.is_symlink() for p in folder.rglob("*"))
    decision.undo(folder)
    assert pair() == now
    shutil.rmtree(folder)
    shutil.copytree(whole, folder)
print(deaths, len(seen))
"""


@pytest.mark.parametrize("act", ["change", "undo", "redo"])
def test_killed_before_any_step_an_artifact_is_whole(folder: Path, act: str) -> None:
    if act != "change":
        set_to(folder, 0)
    if act == "redo":
        undo(folder)
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLER, str(folder), act],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stderr
    deaths, states = map(int, ran.stdout.split())
    assert deaths > 20 and states == 2, "killed all along, and only old or new was seen"


def test_a_writer_that_waits_too_long_says_for_what(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(folder, 0)
    monkeypatch.setattr(atomic_switch, "WAIT_SECONDS", 0.05)
    with (
        FileLock(folder / HISTORY / "lock"),
        pytest.raises(ValueError, match="one job changes an artifact's decision at a time"),
    ):
        set_to(folder, 1)
    set_to(folder, 1)


def test_two_writers_take_turns(folder: Path) -> None:
    failures: list[Exception] = []

    def write(value: float) -> None:
        try:
            for i in range(5):
                set_to(folder, value + i)
        except Exception as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(10.0 * w,)) for w in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    transient = [e for e in failures if "as its manifest says" not in str(e)]
    assert not transient
    runtime.read(folder)
    told = history(folder)
    assert [s.number for s in told] == list(range(len(told))) and told[-1].state == "current"
