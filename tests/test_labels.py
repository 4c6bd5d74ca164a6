import numpy as np
import pytest

from emoray.labels import (
    EKMAN,
    GOEMOTIONS,
    SENTIMENT,
    SPELLINGS,
    TAXONOMIES,
    Taxonomy,
    coarser,
    derivable,
    own,
    places_of,
    same_labels,
    taxonomy,
    unlike,
)


def one_text(*labels: str) -> np.ndarray:
    labels_N28 = np.zeros((1, 28), dtype=np.uint8)
    labels_N28[0, [GOEMOTIONS.labels.index(label) for label in labels]] = 1
    return labels_N28


def names(taxonomy: Taxonomy, labels_NK: np.ndarray) -> set[str]:
    return {taxonomy.labels[k] for k in np.flatnonzero(labels_NK[0])}


@pytest.mark.parametrize("chosen", TAXONOMIES.values(), ids=str)
def test_every_emotion_belongs_to_exactly_one_group(chosen: Taxonomy) -> None:
    assert sorted(i for ids in chosen.members for i in ids) == list(range(28))


def test_the_groups_have_the_official_sizes() -> None:
    assert [len(ids) for ids in EKMAN.members] == [3, 1, 2, 12, 5, 4, 1]
    assert [len(ids) for ids in SENTIMENT.members] == [12, 11, 4, 1]


def test_goemotions_projects_onto_itself() -> None:
    labels_N28 = np.random.default_rng(0).integers(0, 2, (50, 28), dtype=np.uint8)
    assert (GOEMOTIONS.project(labels_N28) == labels_N28).all()


def test_a_group_is_on_when_any_member_is() -> None:
    text = one_text("annoyance", "pride", "love")
    assert names(EKMAN, EKMAN.project(text)) == {"anger", "joy"}
    assert names(SENTIMENT, SENTIMENT.project(text)) == {"negative", "positive"}
    assert EKMAN.project(text).dtype == np.uint8


def test_projecting_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one column per label of the corpus.*got shape \(1, 7\)"):
        SENTIMENT.project(EKMAN.project(one_text("joy")))


def test_a_taxonomy_is_found_by_its_name() -> None:
    assert taxonomy("ekman") is EKMAN
    with pytest.raises(ValueError, match="one of goemotions, ekman, sentiment, got 'plutchik'"):
        taxonomy("plutchik")


def test_a_taxonomy_of_ones_own_is_checked() -> None:
    with pytest.raises(ValueError, match="every label needs its members, got 2 labels and 1"):
        Taxonomy(name="own", labels=("a", "b"), members=((0,),))
    with pytest.raises(ValueError, match=r"ids in 0\.\.27 and at least one, got \(28,\) for a"):
        Taxonomy(name="own", labels=("a",), members=((28,),))


def test_labels_of_a_corpus_of_ones_own_stand_for_themselves() -> None:
    mine = own(["late", "rude", "broken"])
    labels_NC = np.array([[0, 1, 1], [0, 0, 0]], dtype=np.uint8)
    assert str(mine) == "own" and (mine.project(labels_NC) == labels_NC).all()
    assert taxonomy("own", (mine,)) is mine
    with pytest.raises(ValueError, match="taxonomy is one of own, got 'ekman'"):
        taxonomy("ekman", (mine,))


def test_labels_are_the_same_in_whatever_order_and_case() -> None:
    kinds = tuple(TAXONOMIES.values())
    capitals = tuple(label.capitalize() for label in reversed(EKMAN.labels))
    assert same_labels(capitals, kinds) is EKMAN
    assert [capitals[k].lower() for k in places_of(EKMAN.labels, capitals)] == list(EKMAN.labels)
    assert same_labels(("Joy", "joy", "anger"), kinds) is None
    twins = own(("Joy", "joy"))
    assert same_labels(("joy", "Joy"), (twins,)) is twins
    assert places_of(("joy", "Joy"), twins.labels) == [1, 0]


@pytest.mark.parametrize("chosen", TAXONOMIES.values(), ids=str)
def test_no_two_labels_of_a_taxonomy_mean_the_same(chosen: Taxonomy) -> None:
    for spelt in SPELLINGS:
        assert len({*map(spelt, chosen.labels)}) == len(chosen.labels)


def test_labels_are_the_same_by_sense_where_no_name_is() -> None:
    words = ("Happy", "sad", "no emotion", "Angry", "disgusted", "SCARED", "Surprised")
    assert same_labels(words, tuple(TAXONOMIES.values())) is EKMAN
    places = places_of(EKMAN.labels, words)
    assert [words[k] for k in places] == [
        *("Angry", "disgusted", "SCARED", "Happy", "sad", "Surprised", "no emotion")
    ]
    both = own(("happiness", "joy", "sad"))
    assert same_labels(("joy", "happiness", "sadness"), (both,)) is None  # which is which?
    assert places_of(("joy", "happiness"), both.labels) == [1, 0]
    with pytest.raises(ValueError, match="a label is one of happiness, joy, sad, got 'hunger'"):
        places_of(["hunger"], both.labels)


def test_the_nearest_taxonomy_is_the_one_with_most_labels_in_common() -> None:
    kinds = tuple(TAXONOMIES.values())
    assert unlike(("Joy", "anger", "rage"), kinds) == (
        "nearest is ekman, unknown to it: rage; missing: disgust, fear, neutral, sadness, surprise"
    )
    unnamed = tuple(f"LABEL_{k}" for k in range(28))
    assert unlike(unnamed, kinds) == "they have no names, only LABEL_0 to LABEL_27"
    assert unlike(("x" * 99, "y"), kinds) == (
        f"none is a label of goemotions, ekman, sentiment: {'x' * 29}…, y"
    )


def test_a_coarser_taxonomy_groups_the_labels_of_a_finer_one() -> None:
    over = coarser(SENTIMENT, EKMAN)
    assert over.of == EKMAN.labels and over.labels == SENTIMENT.labels
    named = {g: {over.of[i] for i in ids} for g, ids in zip(over.labels, over.members, strict=True)}
    assert named == {
        "positive": {"joy"},
        "negative": {"anger", "disgust", "fear", "sadness"},
        "ambiguous": {"surprise"},
        "neutral": {"neutral"},
    }


def test_the_way_over_a_finer_taxonomy_gives_the_same_labels() -> None:
    labels_NC = np.random.default_rng(0).integers(0, 2, (50, 28), dtype=np.uint8)
    through = coarser(SENTIMENT, EKMAN).project(EKMAN.project(labels_NC))
    assert (through == SENTIMENT.project(labels_NC)).all()


def test_what_can_be_derived_is_coarser() -> None:
    every = TAXONOMIES.values()
    assert [t.name for t in derivable(GOEMOTIONS, every)] == ["ekman", "sentiment"]
    assert [t.name for t in derivable(EKMAN, every)] == ["sentiment"]
    assert derivable(SENTIMENT, every) == ()


def test_a_finer_taxonomy_is_not_derived() -> None:
    with pytest.raises(
        ValueError, match=r"derived from a finer one, .* got ekman .* from sentiment"
    ):
        coarser(EKMAN, SENTIMENT)
