"""Models of a few texts a label beside SetFit's: the same encoder, shots, dev and test.

Shapes: N texts, K labels, S seeds, B resamples.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emoray.benchmarks.figures import AtLeast, BenchmarkFigure
from emoray.benchmarks.peers.environment import Environment, PeerError, call
from emoray.benchmarks.peers.making import SCRIPTS, SETFIT
from emoray.console.progress import Say
from emoray.decide.thresholds import PerLabel, cuts_many
from emoray.metrics.bootstrap import usual_weights
from emoray.metrics.ranking import rank
from emoray.metrics.resampled_precision import resampled_precision
from emoray.metrics.seed_gain import Gain, SeedScores, seed_gain, seed_scores
from emoray.models.contrast import Contrast
from emoray.models.encoder.recipe import DEFAULT_ENCODER, BertRecipe
from emoray.models.encoder.tuning import HeadOnly, PairsFirst
from emoray.models.losses import BCE
from emoray.models.sampling import Shots, WholeDev
from emoray.quant.scheme import FLOAT
from emoray.stages.compression import LOGITS
from emoray.stages.encoding import read_texts
from emoray.stages.families.encoder import whole_encoder
from emoray.stages.inputs import CorpusSummary, summarize_corpus
from emoray.stages.plan import deciding, training
from emoray.stages.spec import CorpusRef, Decision, EncoderRef
from emoray.storage.cache import user_cache
from emoray.storage.store.local import Store

SCRIPT = "setfit_few.py"
RUN_S = 7200
GOAL = AtLeast(2.0)  # points of macro average precision
RESAMPLES = 200  # of average precision, which is sorted and summed for each
WAYS: dict[str, dict[str, Any]] = {
    "head only": {"tuning": HeadOnly()},
    "end to end": {"epochs": 10},
    "end to end beside a contrast": {"epochs": 10, "auxiliary": Contrast()},
    "pairs, then head": {"tuning": PairsFirst()},
}


def _silent(what: str) -> None:
    pass


def _digest() -> str:
    return hashlib.sha256((SCRIPTS / SCRIPT).read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFitScores:
    """What SetFit makes of the shots of one seed, trained in an interpreter of its own.

    Attributes:
        corpus: of the texts.
        taxonomy: whose labels are learned.
        encoder: that it starts from.
        shots: which are drawn.
        seed: of the draw, and SetFit's.
        iterations: pairs of each text and kind.
        threads: of its training.
        script: digest of what is run.
        environment: that it runs in.
        cache: where environments are installed.
    """

    name: ClassVar[str] = "setfit"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    taxonomy: str
    encoder: EncoderRef
    shots: Shots
    seed: int
    iterations: int
    threads: int
    environment: Environment
    cache: Path
    script: str = field(default_factory=_digest)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `logits.npz` of dev and test, and `seconds.json`."""
        corpus = self.corpus.read(self.taxonomy)
        labels_NK = corpus.train.labels_NK
        rows = self.shots.rows(labels_NK, self.seed).tolist()
        asked = {
            "train": [corpus.train.texts[row] for row in rows],
            "labels": labels_NK[rows].tolist(),
            "asked": [*corpus.dev.texts, *corpus.test.texts],
            "seed": self.seed,
            "iterations": self.iterations,
            "threads": self.threads,
        }
        (out / "texts.json").write_text(json.dumps(asked), "utf-8")
        python = self.environment.interpreter(self.cache)
        script, found = SCRIPTS / SCRIPT, out / "scores.npz"
        call(
            [python, script, self.encoder.folder, out / "texts.json", found],
            seconds=RUN_S,
            folder=out,
            what="setfit",
        )
        (out / "texts.json").unlink()  # a corpus stays where it lies
        with np.load(found, allow_pickle=False) as data:
            scores_NK, seconds = data["scores"], float(data["seconds"])
        wanted = len(asked["asked"]), labels_NK.shape[1]
        if scores_NK.shape != wanted or not np.isfinite(scores_NK).all():
            raise PeerError(f"setfit scores {wanted} texts and labels, got {scores_NK.shape}")
        dev = len(corpus.dev.texts)
        np.savez(out / LOGITS, allow_pickle=False, dev=scores_NK[:dev], test=scores_NK[dev:])
        (out / "seconds.json").write_text(json.dumps(seconds))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """One way to train, with scores of dev and test for each seed.

    Attributes:
        name: of the way.
        dev_SNK: logits, or log-odds.
        test_SNK: the same of test.
        seconds: of a training, mean over seeds.
        why: what went wrong, empty where nothing did.
    """

    name: str
    dev_SNK: Sequence[np.ndarray] = ()
    test_SNK: Sequence[np.ndarray] = ()
    seconds: float = float("nan")
    why: str = ""


def precision_scores(tried: Tried, labels_NK: np.ndarray, weights_BN: np.ndarray) -> SeedScores:
    """Average precision on test of every seed and label, and on resamples."""
    return SeedScores(
        f1_SK=np.stack([rank(test, labels_NK).average_precision_K for test in tried.test_SNK]),
        resampled_SKB=np.stack(
            [resampled_precision(test, labels_NK, weights_BN) for test in tried.test_SNK]
        ),
    )


def f1_scores(
    tried: Tried, dev_labels_NK: np.ndarray, labels_NK: np.ndarray, weights_BN: np.ndarray
) -> SeedScores:
    """F1 on test of every seed and label, thresholds per label fitted on dev."""
    decided = []
    for dev_NK, test_NK in zip(tried.dev_SNK, tried.test_SNK, strict=True):
        (cuts_K,) = cuts_many([(PerLabel(), 1.0)], dev_NK, dev_labels_NK)
        decided.append(test_NK >= cuts_K)
    return seed_scores(decided, labels_NK, weights_BN)


def _points(gain: Gain) -> str:
    ends = (100 * end for end in (gain.change.low, gain.change.high))
    return "points ({:+.1f} to {:+.1f})".format(*ends)


def few_shot_figures(
    tried: Sequence[Tried], rival: Tried, dev_labels_NK: np.ndarray, labels_NK: np.ndarray
) -> tuple[BenchmarkFigure, ...]:
    """Both scores of every way, and their change against the rival's, paired over texts and seeds.

    Args:
        tried: our ways.
        rival: as many seeds on the same shots.
        dev_labels_NK: what is true of dev.
        labels_NK: what is true of test.

    Returns:
        Scores and changes; of a rival that failed the scores alone.
    """
    weights_BN = usual_weights(labels_NK)
    few_BN = weights_BN[:RESAMPLES]
    figures: list[BenchmarkFigure] = []
    compared: list[BenchmarkFigure] = []
    precision = f1 = None
    if not rival.why:
        precision = precision_scores(rival, labels_NK, few_BN).macro
        f1 = f1_scores(rival, dev_labels_NK, labels_NK, weights_BN).macro
    for way in tried:
        own = precision_scores(way, labels_NK, few_BN).macro
        own_f1 = f1_scores(way, dev_labels_NK, labels_NK, weights_BN).macro
        for what, ours, theirs in (
            ("macro average precision", own, precision),
            ("macro-F1", own_f1, f1),
        ):
            mine = float(ours.f1_SK.mean())
            his = None if theirs is None else float(theirs.f1_SK.mean())
            figures.append(
                BenchmarkFigure(
                    name=f"{way.name}: {what}",
                    ours=mine,
                    theirs=his,
                    ratio=None if his is None else mine / his,
                    unit="",
                )
            )
            if theirs is None:
                continue
            gain = seed_gain(theirs, ours)
            compared.append(
                BenchmarkFigure(
                    name=f"{way.name} beside {rival.name}: {what}",
                    ours=100 * gain.change.value,
                    unit=_points(gain),
                    goal=GOAL if theirs is precision else None,
                )
            )
        figures.append(BenchmarkFigure(name=f"{way.name}: a training", ours=way.seconds, unit="s"))
    if not rival.why:
        name = f"{rival.name}: a training"
        figures.append(BenchmarkFigure(name=name, ours=rival.seconds, unit="s"))
    return (*figures, *compared)


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShots:
    """all-MiniLM-L6-v2 on a few texts a label, by each of our ways and by SetFit."""

    name: ClassVar[str] = "few-shots"

    data: Path | None = None
    download: bool = True
    taxonomy: str = "ekman"
    shots: int = 16
    seeds: int = 3
    iterations: int = 20
    threads: int = 2
    cache: Path | None = None
    ways: tuple[str, ...] = tuple(WAYS)
    encoder: str = DEFAULT_ENCODER
    environment: Environment = field(default=SETFIT, repr=False)
    say: Say = field(default=_silent, repr=False)

    def __post_init__(self) -> None:
        for name, least in (("shots", 1), ("seeds", 2), ("iterations", 1), ("threads", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if strange := [way for way in self.ways if way not in WAYS]:
            raise ValueError(f"a way is one of {', '.join(WAYS)}, got {strange[0]}: name one")

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"few shots: {self.shots} texts a label, {self.taxonomy}, {self.seeds} draws"

    @property
    def _cache(self) -> Path:
        return (self.cache or user_cache() / "peers").absolute()

    @property
    def _sample(self) -> Shots:
        return Shots(per_label=self.shots, calibration=WholeDev())

    def check(self) -> None:
        """Refuse nothing: what is missing is said where it is looked for."""

    def _recipes(self, found: CorpusSummary, way: str) -> Iterator[BertRecipe]:
        base = replace(
            whole_encoder(self.taxonomy, found.data.encoders[0]), loss=BCE(), sample=self._sample
        )
        yield from (replace(base, seed=seed, **WAYS[way]) for seed in range(self.seeds))

    def _own(self, found: CorpusSummary, way: str, store: Store) -> Tried:
        parts, seconds = [], []
        for recipe in self._recipes(found, way):
            self.say(f"{way}, seed {recipe.seed}")
            train = training(recipe, found.data)
            seconds.append(store.make(train).wall_seconds)
            scored = store.make(deciding(train, FLOAT, (Decision(),)).scored).folder
            with np.load(scored / LOGITS, allow_pickle=False) as data:
                parts.append((data["dev"], data["test"]))
        dev, test = zip(*parts, strict=True)
        return Tried(name=way, dev_SNK=dev, test_SNK=test, seconds=float(np.mean(seconds)))

    def _setfit(self, found: CorpusSummary, store: Store) -> Tried:
        parts, seconds = [], []
        for seed in range(self.seeds):
            self.say(f"SetFit, seed {seed}")
            stage = SetFitScores(
                corpus=found.data.corpus,
                taxonomy=self.taxonomy,
                encoder=found.data.encoders[0],
                shots=self._sample,
                seed=seed,
                iterations=self.iterations,
                threads=self.threads,
                environment=self.environment,
                cache=self._cache,
            )
            try:
                folder = store.make(stage).folder
            except Exception as error:  # a foreign tool may fail in any way; that is a result
                return Tried(name="SetFit", why=f"{type(error).__name__}: {error}")
            with np.load(folder / LOGITS, allow_pickle=False) as data:
                parts.append((data["dev"], data["test"]))
            seconds.append(float(json.loads((folder / "seconds.json").read_text())))
        dev, test = zip(*parts, strict=True)
        return Tried(name="SetFit", dev_SNK=dev, test_SNK=test, seconds=float(np.mean(seconds)))

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Train every way on the same shots, and SetFit; then compare them on test."""
        found = summarize_corpus(
            self.taxonomy,
            self.data,
            download=self.download,
            encoders=(self.encoder,),
            vector_files=(),
        )
        store = Store(self._cache / "store")
        tried = [self._own(found, way, store) for way in self.ways]
        rival = self._setfit(found, store)
        if rival.why:
            self.say(f"SetFit failed: {rival.why}")
        whole = training(next(self._recipes(found, self.ways[0])), found.data).text
        text = store.make(whole).folder
        labels = [read_texts(text, split)[1] for split in ("dev", "test")]
        return few_shot_figures(tried, rival, *labels)
