"""The parts of an operating point: recipe, scheme, decision, and the data behind them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from emoray.augment.registry import translator_of
from emoray.augment.translator import Translator
from emoray.decide.thresholds import Fixed, OneForAll, PerLabel
from emoray.models.recipe import Recipe
from emoray.quant.policy import Scheme
from emoray.stages.corpus_ref import AuxiliaryCorpusRef as AuxiliaryCorpusRef
from emoray.stages.corpus_ref import CorpusRef as CorpusRef
from emoray.stages.corpus_ref import FeatureCorpusRef as FeatureCorpusRef
from emoray.stages.corpus_ref import OwnCorpusRef as OwnCorpusRef
from emoray.stages.distillation.refs import TeacherRef, TextsRef
from emoray.storage.store.keys import digest
from emoray.text.vectors.sources import VectorSource

Rule = Fixed | OneForAll | PerLabel


@dataclass(frozen=True, slots=True)
class Fitted:
    """The temperature of least NLL on dev."""

    tag: ClassVar[str] = "Fitted"

    def __str__(self) -> str:
        return "fitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Temperature and threshold rule: cheap choices, which only read logits again."""

    tag: ClassVar[str] = "Decision"

    temperature: Fitted | float = Fitted()
    rule: Rule = field(default_factory=PerLabel)

    def __post_init__(self) -> None:
        if isinstance(self.temperature, float | int) and not 0 < self.temperature < float("inf"):
            raise ValueError(
                f"temperature must be finite and above 0, got {self.temperature}: "
                "1 leaves logits as they are, Fitted() calibrates"
            )

    def __str__(self) -> str:
        return f"t={self.temperature} {self.rule}"

    @property
    def cuts(self) -> Rule | float:
        """What the logits are cut by: equal for decisions that give every text the same labels.

        Fitted rules have the same cuts at any temperature; one half is a logit of 0 at any
        temperature; else several temperatures and thresholds may come to one cut.
        """
        if not isinstance(self.rule, Fixed):
            return self.rule
        odds = math.log(self.rule.value / (1 - self.rule.value))
        if odds and isinstance(self.temperature, Fitted):
            return self.rule
        return 0.0 if isinstance(self.temperature, Fitted) else round(self.temperature * odds, 9)

    @property
    def cuts_are_fitted(self) -> bool:
        """Whether the cuts are fitted on dev; else they are the same on all models."""
        return not isinstance(self.cuts, float)

    @property
    def off_calibration(self) -> float:
        """Distance from calibration: 0 where the temperature is fitted, else 1 + |log of it|."""
        if isinstance(self.temperature, Fitted):
            return 0.0
        return 1.0 + abs(math.log(self.temperature))


def distinct(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Drop decisions that give the same labels as another by construction.

    Such decisions differ in their probabilities alone.

    Args:
        decisions: in the order wanted.

    Returns:
        Of equal ones that with a fitted temperature, else with the temperature nearest to 1.
    """
    found: dict[object, Decision] = {}
    for decision in decisions:
        twin = found.setdefault(decision.cuts, decision)
        if decision.off_calibration < twin.off_calibration:
            found[decision.cuts] = decision
    return tuple(found.values())


RULES: tuple[Rule, ...] = (Fixed(0.5), OneForAll(), PerLabel(), PerLabel(min_support=20))
ARGMAX = "argmax"  # what a cut of 0 is where logits are margins: the most probable label


def rule_name(rule: Rule, *, softmax: bool = False) -> str:
    """The name of a rule in tables and artifacts; softmax: logits are margins."""
    return ARGMAX if softmax and rule == Fixed(0.5) else str(rule)


TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0)
THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))


def all_decisions() -> tuple[Decision, ...]:
    """Every rule, calibrated, then the grid of temperature x fixed threshold; no two alike."""
    rules = [Decision(rule=rule) for rule in RULES]
    grid = [Decision(temperature=t, rule=Fixed(s)) for t in TEMPERATURES for s in THRESHOLDS]
    return distinct([*rules, *grid])


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderRef:
    """An encoder as a stage names it: by content; where it lies does not count."""

    tag: ClassVar[str] = "EncoderRef"

    patterns: ClassVar[tuple[str, ...]] = ("*.json", "*.txt", "model*.safetensors")

    name: str
    sha256: str
    folder: Path
    width: int
    layers: int
    positions: int

    def check(self, layers: int, dim: int, max_tokens: int) -> None:
        """Refuse (ValueError) what this encoder does not have."""
        for what, asked, most in (
            ("layers", layers, self.layers),
            ("embedding_dim", dim, self.width),
            ("max_tokens", max_tokens, self.positions),
        ):
            if asked > most:
                raise ValueError(
                    f"{what} must not exceed the encoder's {most}, got {asked} for {self.name}: "
                    "ask for less or name another encoder"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatorRef:
    """A translator as a stage names it: by the content of all its files, not their place."""

    tag: ClassVar[str] = "TranslatorRef"

    # Of a Marian model's folders; Apertium is installed where it is needed, never carried.
    patterns: ClassVar[tuple[str, ...]] = (
        "*config.json",
        "*vocab.json",
        "*.spm",
        "model*.safetensors",
        "pytorch_model.bin",
    )

    translator: Translator
    sha256: str

    @classmethod
    def of(cls, translator: Translator) -> "TranslatorRef":
        """Name a translator as it is on this machine; ValueError where it is not there."""
        return cls(translator=translator, sha256=translator.fingerprint())

    def checked(self) -> Translator:
        """The translator; ValueError where this machine has another one of its name."""
        if (found := self.translator.fingerprint()) != self.sha256:
            raise ValueError(
                f"a translator must be the same on every machine, got SHA-256 {found[:12]}… here "
                f"and {self.sha256[:12]}… where the run began, for {self.translator}: install the "
                "same version everywhere, or start the run again"
            )
        return self.translator


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsRef:
    """Word vectors as a stage names them: by content; where they lie does not count."""

    tag: ClassVar[str] = "VectorsRef"

    source: VectorSource
    sha256: str

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return self.source.dim

    def name(self, dim: int) -> str:
        """Name in tables of these vectors cut to `dim`."""
        return self.source.name if dim == self.dim else f"{self.source.name}-pca{dim}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Inputs of a search: a corpus, word vectors, encoders, and what recipes name besides."""

    corpus: CorpusRef
    vectors: tuple[VectorsRef, ...] = ()
    encoders: tuple[EncoderRef, ...] = ()
    translators: tuple[tuple[str, TranslatorRef], ...] = ()
    teachers: tuple[tuple[str, TeacherRef], ...] = ()
    unlabelled: tuple[tuple[str, TextsRef], ...] = ()

    def teacher(self, name: str) -> TeacherRef:
        """The teacher that a recipe names; ValueError where it is not at hand."""
        if not name:
            raise ValueError(
                "a distilled training needs a teacher, got none: name an artifact with --teacher, "
                "or write it into the space"
            )
        if name not in (known := dict(self.teachers)):
            raise ValueError(
                f"a recipe's teacher must be at hand, got {name!r} with "
                f"{', '.join(known) or 'none'}: run the command on the machine that has it"
            )
        return known[name]

    def texts(self, name: str) -> TextsRef:
        """The file of texts that a recipe names: the one at hand, else as this machine has it."""
        return dict(self.unlabelled).get(name) or TextsRef.of(Path(name))

    def translator(self, name: str) -> TranslatorRef:
        """The translator of that name: the one at hand, else as this machine has it."""
        return dict(self.translators).get(name) or TranslatorRef.of(translator_of(name))

    def encoder(self, name: str) -> EncoderRef:
        """The encoder that a recipe names."""
        for encoder in self.encoders:
            if encoder.name == name:
                return encoder
        have = ", ".join(e.name for e in self.encoders) or "none"
        raise ValueError(f"a recipe's encoder must be at hand, got {name!r} with {have}")

    def vectors_for(self, dim: int) -> VectorsRef:
        """The file of exactly this dimension, else the narrowest wider one, for PCA to cut."""
        wide = [v for v in self.vectors if v.dim >= dim]
        if not wide:
            have = ", ".join(v.source.name for v in self.vectors) or "none"
            raise ValueError(
                f"embedding_dim must not exceed the vectors' own, got {dim} with {have}: "
                "put a wider glove.6B file into the data folder, ask for fewer dimensions, or have "
                "them trained (--vectors own-ppmi)"
            )
        return min(wide, key=lambda v: v.dim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One operating point before it is measured."""

    recipe: Recipe
    scheme: Scheme
    decision: Decision


def recipe_id(recipe: Recipe) -> str:
    """A readable id, different for every change of a knob, equal for repeats with other seeds."""
    return f"{recipe} #{digest(recipe.without_seed())[:6]}"
