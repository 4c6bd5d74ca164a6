"""How long a corpus' texts are, and how much of them is read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.data.corpus import read_splits, taxonomies_of
from emoray.data.goemotions import CorpusFolder, sample
from emoray.models.word.recipe import MAX_TOKENS
from emoray.search.joint_space import JointSpace
from emoray.search.spaces import TRAINED, Space, bert, bert_smoke, joint, smoke
from emoray.search.text_lengths import limit_of, limit_sentences, space_reading
from emoray.stages.encoding import read_texts
from emoray.stages.inputs import CorpusSummary
from emoray.stages.plan import training
from emoray.stages.spec import CorpusRef, Data, EncoderRef
from emoray.stages.text_lengths import MOST_WORDS, SAMPLE, Lengths, piece_lengths, word_lengths
from emoray.stages.word_training import TrainWords
from emoray.storage.store.keys import canonical
from emoray.storage.store.local import Store
from emoray.text.vectors.settings import OwnVectors
from emoray.workflows.corpus_words import word_sentences
from tests.text.subwords_made import tokenizer

FILLING = "so it was and then we all went on with the day as ever".split()


def written(folder: Path, words: int, texts: int = 40) -> Path:
    """A corpus whose texts differ in their last word alone, which says their label."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.txt").write_text("anger\njoy\n")
    for split in ("train", "dev", "test"):
        lines = []
        for i in range(texts):
            filling = [FILLING[(i // 2 + j) % len(FILLING)] for j in range(words - 1)]
            said = " ".join([*filling, ("furious", "delighted")[i % 2]])
            lines.append(f"{said}\t{i % 2}\t{split}{i}\n")
        (folder / f"{split}.tsv").write_text("".join(lines))
    return folder


def looked(folder: Path) -> CorpusSummary:
    """The first look, without any vectors."""
    (taxonomy,) = taxonomies_of(folder)
    found = read_splits(folder, name="long", taxonomy=taxonomy)
    return CorpusSummary(
        data=Data(corpus=CorpusRef.of(found, folder)),
        source=CorpusFolder(name="long", folder=folder, why="made"),
        taxonomy=taxonomy,
        train=len(found.train),
        dev=len(found.dev),
        test=len(found.test),
        leaked=int(found.leaked_N.sum()),
    )


@pytest.mark.parametrize(("words", "limit"), [(5, 64), (64, 64), (70, 70), (256, 256), (900, 256)])
def test_the_limit_follows_the_corpus_between_64_and_256_words(
    tmp_path: Path, words: int, limit: int
) -> None:
    assert word_lengths(written(tmp_path, words)).limit(MOST_WORDS) == limit


def test_the_limit_leaves_one_text_in_a_hundred_cut() -> None:
    found = Lengths(tokens_N=np.arange(1, 201), texts=200)
    assert found.limit(MOST_WORDS) in (198, 199)
    assert found.truncated(found.limit(MOST_WORDS)) <= 2


def test_the_usual_sample_keeps_the_usual_limit() -> None:
    assert word_lengths(sample().folder).limit(MOST_WORDS) == MAX_TOKENS


def test_a_count_of_some_texts_is_scaled_to_all_and_says_so() -> None:
    some = Lengths(tokens_N=np.array([1, 1, 1, 90]), texts=4_000)
    assert some.truncated(64) == 1_000
    assert "about 1,000 of 4,000 train texts" in some.sentence(64, "words")
    every = Lengths(tokens_N=np.array([1, 1, 1, 90]), texts=4)
    assert ": 1 of 4 train texts is longer and loses its end" in every.sentence(64, "words")


def test_no_more_than_a_sample_of_a_large_corpus_is_measured(tmp_path: Path) -> None:
    found = word_lengths(written(tmp_path, 3, texts=SAMPLE + 10))
    assert (len(found.tokens_N), found.texts) == (SAMPLE, SAMPLE + 10)


def test_the_first_look_says_how_many_texts_are_cut(tmp_path: Path) -> None:
    (line,) = word_sentences(written(tmp_path, 300), [])
    assert "up to 256 words of a text are read: 40 of 40 train texts are longer" in line


def test_every_recipe_of_a_space_reads_as_long_as_the_texts_are(tmp_path: Path) -> None:
    facts = looked(written(tmp_path, 70))
    grid = space_reading(facts, smoke("own", [16]))
    assert isinstance(grid, Space)
    assert {recipe.max_tokens for recipe in grid.recipes} == {70}
    searched = space_reading(facts, joint("own", [16], 1, [OwnVectors()]))
    assert isinstance(searched, JointSpace) and searched.base.max_tokens == 70


def test_what_is_asked_for_counts_more_than_the_corpus(tmp_path: Path) -> None:
    facts = looked(written(tmp_path, 70))
    assert limit_of(facts, TRAINED, 20) == 20
    assert limit_of(facts, replace(TRAINED, max_tokens=30)) == 30
    recipe = replace(TRAINED, max_tokens=20, vectors=OwnVectors())
    (line,) = limit_sentences(facts, [recipe])
    assert "up to 20 words of a text are read: 40 of 40" in line


def test_a_limit_of_no_words_is_refused() -> None:
    with pytest.raises(ValueError, match="max_tokens must be at least 1, got 0"):
        replace(TRAINED, max_tokens=0)


def test_the_usual_limit_names_nothing_and_another_does() -> None:
    assert "max_tokens" not in str(canonical(TRAINED))
    assert str(replace(TRAINED, max_tokens=70)) == f"{TRAINED} n70"


def chain(facts: CorpusSummary, limit: int) -> TrainWords:
    recipe = replace(
        TRAINED,
        taxonomy="own",
        embedding_dim=8,
        max_tokens=limit,
        vectors=OwnVectors(min_count=1),
        layers=0,
    )
    made = training(recipe, facts.data)
    assert isinstance(made, TrainWords)
    return made


def test_the_seventieth_word_is_read_where_texts_have_seventy(tmp_path: Path) -> None:
    facts = looked(written(tmp_path / "corpus", 70))
    store = Store(tmp_path / "store")
    for limit, known, truncated in (
        (limit_of(facts, TRAINED), True, 0.0),
        (MAX_TOKENS, False, 1.0),
    ):
        folder = store.make(chain(facts, limit).text).folder
        words = (folder / "vocabulary.txt").read_text().split()
        assert ("delighted" in words and "furious" in words) is known
        ragged, labels_NK = read_texts(folder, "test")
        last_N = np.array([ragged.row(i)[-1] for i in range(len(ragged))])
        tells = all(len(set(last_N[labels_NK[:, k] == 1])) == 1 for k in (0, 1))
        assert tells is known
        assert f'"truncated_share": {truncated}' in (folder / "facts.json").read_text()
        assert f'"max_tokens": {limit}' in (folder / "tokenizer.json").read_text()


def encoder(folder: Path, positions: int) -> EncoderRef:
    """As far as lengths need one: a tokenizer, and how much it can read."""
    tokenizer(folder, "bert")
    return EncoderRef(
        name="tiny", sha256="0" * 64, folder=folder, width=8, layers=2, positions=positions
    )


@pytest.mark.parametrize(("positions", "limit"), [(512, 302), (128, 128), (40, 40)])
def test_of_an_encoder_the_limit_counts_pieces_up_to_its_positions(
    tmp_path: Path, positions: int, limit: int
) -> None:
    facts = looked(written(tmp_path / "corpus", 151))
    tiny = encoder(tmp_path / "tiny", positions)
    facts = replace(facts, data=replace(facts.data, encoders=(tiny,)))
    # 150 words of one piece or two, and two pieces that frame them.
    space = space_reading(facts, bert("own", [tiny]))
    assert isinstance(space, Space)
    (found,) = {recipe.max_tokens for recipe in space.recipes}
    assert found == min(positions, piece_lengths(facts.data.corpus.folder, tiny).limit(512))
    assert found <= limit and (found > 150 or found == positions)
    (line,) = limit_sentences(facts, space.recipes)
    assert line.startswith(f"tiny: up to {found} pieces of a text are read: ")


def test_a_space_that_is_to_be_quick_keeps_its_own_limit(tmp_path: Path) -> None:
    facts = looked(written(tmp_path / "corpus", 151))
    tiny = encoder(tmp_path / "tiny", 512)
    facts = replace(facts, data=replace(facts.data, encoders=(tiny,)))
    for asked, limit in ((None, 24), (90, 90)):
        space = space_reading(facts, bert_smoke("own", [tiny]), asked)
        assert isinstance(space, Space)
        assert {recipe.max_tokens for recipe in space.recipes} == {limit}
