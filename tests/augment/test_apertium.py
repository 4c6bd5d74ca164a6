"""The real Apertium where it is installed, and pipes of the tests' own that die and hang."""

from pathlib import Path

import pytest

from emoray.augment.apertium import MODES, Apertium, Pipe, from_stream, to_stream
from emoray.augment.placeholders import HIDDEN, hide
from emoray.augment.translator import Untranslated

installed = pytest.mark.skipif(
    not (MODES / "eng-spa.mode").is_file(), reason="needs apt-get install apertium-eng-spa"
)

PROGRAM = """#!/usr/bin/env python3
import os, sys, time
assert sys.argv[1:] == ["-z", "-n", "data"], sys.argv
for text in sys.stdin.buffer.read().split(b"\\0")[:-1]:
    if b"HANG" in text:
        sys.stdout.flush()
        time.sleep(600)
    if b"DIE" in text:
        sys.stdout.flush()
        os._exit(3)
    if b"MUTE" not in text:
        sys.stdout.buffer.write(text.replace(b"cat", b"gato") + b"\\0")
"""


LIMIT = 8.0  # seconds: a program takes some to start on a busy machine


@pytest.fixture
def faulty(tmp_path: Path) -> Apertium:
    """A pair `eng-spa` of one program, which knows one word and three ways to fail."""
    (tmp_path / "program").write_text(PROGRAM)
    (tmp_path / "program").chmod(0o755)
    for pair in ("eng-spa", "spa-eng"):
        (tmp_path / f"{pair}.mode").write_text(f"'{tmp_path}/program' $1 'data' $2 | cat\n")
    (tmp_path / "cat").write_text("")
    return Apertium("eng-spa", modes=tmp_path, seconds=LIMIT)


@pytest.fixture
def pipe(faulty: Apertium) -> Pipe:
    command = faulty.open().command.replace(" | cat -z", "")
    return Pipe(command, faulty.seconds)


ODD = [
    "I like the house.",
    "",
    "[[]] {x} ^y$ a/b <c> @d \\ ~ \\[",
    ".[] [<t0>] .[]",
    "\U0001f602 and \ue500 and \ue000",
    "no full stop",
    "?!",
    "word " * 300,
]


@installed
def test_every_text_gets_its_own_translation_however_odd() -> None:
    there = Apertium("eng-spa").open()
    said = there.translate(ODD)
    assert len(said) == len(ODD) and all(isinstance(each, str) for each in said)
    assert said[0] == "Me gusta la casa."
    assert said[1] == ""
    assert said[2] == "[[]] {x} ^y$ Un/b <c> @d \\ ~ \\["
    assert said == there.translate(ODD), "a call depends on its texts alone"


@installed
@pytest.mark.parametrize("pair", ["eng-spa", "eng-cat"])
def test_marks_survive_the_way_there_and_back(pair: str) -> None:
    translator = Apertium(pair)
    if not (MODES / f"{pair}.mode").is_file():
        pytest.skip(f"needs apt-get install apertium-{pair}")
    texts = ["I gave it to [NAME] 😂 for free", "[RELIGION] on r/funny, see https://a.b 😂😂"]
    hidden = [hide(text).text for text in texts]
    said = translator.back.open().translate(
        [str(each) for each in translator.open().translate(hidden)]
    )
    for text, result in zip(hidden, said, strict=True):
        assert isinstance(result, str)
        assert sorted(HIDDEN.findall(result)) == sorted(HIDDEN.findall(text))


@installed
def test_a_pair_is_known_by_its_rules_and_dictionaries(faulty: Apertium) -> None:
    real = Apertium("eng-spa").fingerprint()
    assert len(real) == 64 and real != faulty.fingerprint()


@pytest.mark.parametrize("text", ODD)
def test_the_stream_format_gives_back_what_it_was_given(text: str) -> None:
    assert from_stream(to_stream(text)) == text.strip()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("HANG", f"no answer within {LIMIT:g} s"),
        ("DIE", "the pipe ended with exit code 3"),
        ("MUTE", "no translation came back"),
    ],
)
def test_a_text_that_breaks_the_pipe_is_named_and_the_others_are_translated(
    fault: str, reason: str, pipe: Pipe
) -> None:
    texts = [f"cat {i}" for i in range(5)] + [f"a {fault}"] + [f"more cat {i}" for i in range(20)]
    said = pipe.translate(texts)
    assert said.pop(5) == Untranslated(reason)
    assert said == [t.replace("cat", "gato") for t in texts if fault not in t]


def test_a_pipe_in_which_nothing_works_gives_up_every_text(pipe: Pipe) -> None:
    said = Pipe("false", 1.0).translate(["one", "two", "three"])
    assert said == [Untranslated("the pipe ended with exit code 1")] * 3


def test_a_pair_that_is_not_installed_is_refused_with_what_is(faulty: Apertium) -> None:
    with pytest.raises(ValueError, match=r"must be installed, got eng-cat with eng-spa, spa-eng"):
        Apertium("eng-cat", modes=faulty.modes).fingerprint()


def test_a_limit_of_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="seconds must be above 0, got 0"):
        Apertium("eng-spa", seconds=0)
