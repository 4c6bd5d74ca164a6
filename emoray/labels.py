"""Which labels a text can carry: taxonomies, each a grouping of the labels that a corpus has.

Three group GoEmotions' 28 labels, in the order of its `emotions.txt`; a corpus with labels of its
own has one taxonomy, `own`, with just these.
Shapes: N texts, K labels of a taxonomy, C labels of the corpus.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

_GOEMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire "
    "disappointment disapproval disgust embarrassment excitement fear gratitude grief joy love "
    "nervousness optimism pride realization relief remorse sadness surprise neutral"
).split()
OWN = "own"  # the taxonomy of a corpus with labels of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """Named labels, each of which stands for one or more labels of the corpus.

    Attributes:
        name: of the taxonomy.
        labels: K names.
        members: for each label the places in `of` of the corpus' labels that it stands for.
        of: the C labels of the corpus.
    """

    tag: ClassVar[str] = "Taxonomy"

    name: str
    labels: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    of: tuple[str, ...] = tuple(_GOEMOTIONS)

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.members):
            raise ValueError(
                f"every label needs its members, got {len(self.labels)} labels and "
                f"{len(self.members)} member lists: give one tuple of the corpus' ids per label"
            )
        for label, ids in zip(self.labels, self.members, strict=True):
            if not ids or not all(0 <= i < len(self.of) for i in ids):
                raise ValueError(
                    f"members are the corpus' label ids in 0..{len(self.of) - 1} and at least one, "
                    f"got {ids} for {label}: look the ids up in `of`"
                )

    def __str__(self) -> str:
        return self.name

    def project(self, labels_NC: np.ndarray) -> np.ndarray:
        """Labels of this taxonomy, (N, K) of 0/1 uint8: 1 where any member is 1."""
        if labels_NC.ndim != 2 or labels_NC.shape[1] != len(self.of):
            raise ValueError(
                f"projecting needs one column per label of the corpus, (N, {len(self.of)}), "
                f"got shape {labels_NC.shape}: project the original labels, not projected ones"
            )
        return np.stack(
            [(labels_NC[:, list(ids)] != 0).any(axis=1) for ids in self.members], axis=1
        ).astype(np.uint8)


def _grouped(name: str, **groups: str) -> Taxonomy:
    members = [
        tuple(_GOEMOTIONS.index(label) for label in text.split()) for text in groups.values()
    ]
    return Taxonomy(name=name, labels=tuple(groups), members=tuple(members))


GOEMOTIONS = Taxonomy(
    name="goemotions",
    labels=tuple(_GOEMOTIONS),
    members=tuple((i,) for i in range(len(_GOEMOTIONS))),
)
EKMAN = _grouped(
    "ekman",
    anger="anger annoyance disapproval",
    disgust="disgust",
    fear="fear nervousness",
    joy="joy amusement approval excitement gratitude love optimism relief pride admiration "
    "desire caring",
    sadness="sadness disappointment embarrassment grief remorse",
    surprise="surprise realization confusion curiosity",
    neutral="neutral",
)
SENTIMENT = _grouped(
    "sentiment",
    positive="amusement excitement joy love desire optimism caring pride admiration gratitude "
    "relief approval",
    negative="fear nervousness remorse embarrassment disappointment sadness grief disgust anger "
    "annoyance disapproval",
    ambiguous="realization surprise curiosity confusion",
    neutral="neutral",
)
TAXONOMIES = {t.name: t for t in (GOEMOTIONS, EKMAN, SENTIMENT)}


def own(labels: Iterable[str]) -> Taxonomy:
    """The taxonomy of a corpus with labels of its own: each stands for itself."""
    names = tuple(labels)
    return Taxonomy(
        name=OWN, labels=names, members=tuple((k,) for k in range(len(names))), of=names
    )


def taxonomy(name: str, among: Iterable[Taxonomy] = tuple(TAXONOMIES.values())) -> Taxonomy:
    """The taxonomy of that name among those of a corpus; ValueError where there is none."""
    known = {t.name: t for t in among}
    if name not in known:
        raise ValueError(f"taxonomy is one of {', '.join(known)}, got {name!r}: pick one of these")
    return known[name]


def coarser(coarse: Taxonomy, fine: Taxonomy) -> Taxonomy:
    """The labels of one taxonomy as groups of the labels of a finer one.

    Args:
        coarse: whose labels are wanted.
        fine: of the same corpus, each of whose labels lies within one of `coarse`.

    Returns:
        The taxonomy `coarse`, its members places among the labels of `fine`.

    Raises:
        ValueError: a label of `coarse` is no union of labels of `fine`, or the two are one.
    """
    if coarse.of == fine.of and len(coarse.labels) < len(fine.labels):
        owns = [
            tuple(j for j, part in enumerate(fine.members) if set(part) <= set(whole))
            for whole in coarse.members
        ]
        unions = [{i for j in own for i in fine.members[j]} for own in owns]
        if unions == [set(whole) for whole in coarse.members]:
            return Taxonomy(
                name=coarse.name, labels=coarse.labels, members=tuple(owns), of=fine.labels
            )
    raise ValueError(
        f"a taxonomy is derived from a finer one, each label a group of labels there, got {coarse} "
        f"({len(coarse.labels)} labels) from {fine} ({len(fine.labels)}): learn the finer one"
    )


def derivable(fine: Taxonomy, among: Iterable[Taxonomy]) -> tuple[Taxonomy, ...]:
    """The taxonomies whose labels are groups of the labels of `fine`, as `coarser` has them."""
    found = []
    for each in among:
        try:
            found.append(coarser(each, fine))
        except ValueError:
            continue
    return tuple(found)


def same_labels(labels: Iterable[str], among: Iterable[Taxonomy]) -> Taxonomy | None:
    """The taxonomy with exactly these labels in any order, by name, capitals aside, or by sense."""
    kinds, wanted = list(among), list(labels)
    for spelt in SPELLINGS:
        names = set(map(spelt, wanted))
        for found in kinds:
            if len(names) == len(wanted) == len(found.labels) and names == {
                *map(spelt, found.labels)
            }:
                return found
    return None


def places_of(labels: Iterable[str], among: Iterable[str]) -> list[int]:
    """Where each label stands among others: by name, else capitals aside, else by sense."""
    names = list(among)
    known = [(spelt, [spelt(name) for name in names]) for spelt in SPELLINGS]

    def place(label: str) -> int:
        for spelt, spellings in known:
            if spelt(label) in spellings:
                return spellings.index(spelt(label))
        raise ValueError(f"a label is one of {', '.join(names)}, got {label!r}: spell it as there")

    return [place(label) for label in labels]


def _plain(label: str) -> str:
    return label.strip().casefold()


# Other words for a feeling: forms of one word, and what models and corpora call the same.
_SYNONYMS = {
    "joy": "happiness happy joyful enjoyment",
    "sadness": "sad sorrow",
    "anger": "angry",
    "fear": "afraid fearful scared",
    "surprise": "surprised",
    "disgust": "disgusted",
    "love": "loving",
    "neutral": "none no_emotion neutrality",
    "positive": "pos",
    "negative": "neg",
}
_SENSE = {word: name for name, words in _SYNONYMS.items() for word in words.split()}


def _sense(label: str) -> str:
    """The usual name of a feeling: joy of Happiness."""
    plain = re.sub(r"[\s-]+", "_", _plain(label))
    return _SENSE.get(plain, plain)


SPELLINGS: tuple[Callable[[str], str], ...] = (str, _plain, _sense)


UNNAMED = re.compile(r"label_\d+")  # what transformers writes where nobody named the labels


def unlike(labels: Iterable[str], among: Iterable[Taxonomy]) -> str:
    """How labels differ from those of the taxonomy that shares most of them, in a few words."""
    given: dict[str, str] = {}
    twice = []
    for label in labels:
        if given.setdefault(_sense(label), label) is not label:
            twice.append(label)
    if given and all(UNNAMED.fullmatch(name) for name in given):
        *_, last = given.values()
        return f"they have no names, only {next(iter(given.values()))} to {last}"
    kinds = list(among)
    near = max(
        kinds, key=lambda t: (len(given.keys() & set(map(_sense, t.labels))), -len(t.labels))
    )
    names = {_sense(label): label for label in near.labels}
    if not given.keys() & names.keys():
        return f"none is a label of {', '.join(map(str, kinds))}: {_few(list(given.values()))}"
    strange = [label for plain, label in given.items() if plain not in names] + twice
    missing = [label for plain, label in names.items() if plain not in given]
    return f"nearest is {near}, unknown to it: {_few(strange)}; missing: {_few(missing)}"


def _few(labels: list[str]) -> str:
    shown = [label if len(label) <= 30 else f"{label[:29]}…" for label in sorted(labels)[:5]]
    more = f" and {len(labels) - 5} more" if len(labels) > 5 else ""
    return (", ".join(shown) or "none") + more
