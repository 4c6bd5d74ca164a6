"""The public functions of `import emoray`, each of which imports its parts when it is called."""

from typing import TYPE_CHECKING, Any

from emoray.tables import load_run

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from emoray.artifact.runtime import Classifier
    from emoray.data.corpus import Corpus
    from emoray.search.joint_space import JointSpace
    from emoray.search.spaces import Space
    from emoray.storage.location import Place
    from emoray.tables.run import Run

__all__ = ["compare", "load_artifact", "load_run", "read_corpus", "space", "sweep"]
PLACES = ("data", "out", "store")  # settings that name a folder or a bucket


def load_artifact(place: "str | Path | Place", *, threads: int = 1) -> "Classifier":
    """Load a finished artifact: `load_artifact("my-model")(["thanks a lot!"]).labels`.

    Args:
        place: its folder, s3://bucket/prefix, or model:NAME@production of `jobs.release`.
        threads: of the session that runs the model.

    Returns:
        A function of texts that returns their labels and probabilities.

    Raises:
        ValueError: a file is missing or differs from the manifest.
    """
    from emoray.artifact.runtime import load
    from emoray.releases.resolving import local_artifact

    return load(local_artifact(str(place)), threads=threads)


def read_corpus(
    source: "str | Path | None" = None,
    *,
    taxonomy: str | None = None,
    data: "str | Path | None" = None,
    download: bool = True,
) -> "Corpus":
    """Read a corpus as every job reads it: checked, split, its labels in one taxonomy.

    Args:
        source: a file, folder, s3://bucket/prefix or hf:NAME; None for GoEmotions, or for the
            embedded sample where it is not at hand.
        taxonomy: goemotions, ekman, sentiment, or own; None for the usual one of the corpus.
        data: the folder that holds GoEmotions.
        download: whether GoEmotions may be downloaded where it is not at hand.

    Returns:
        The corpus: `train`, `dev` and `test`, each with `texts` (N) and `labels_NK`.

    Raises:
        ValueError: for any error in it, with what to do about it.
    """
    from emoray.data.corpus import read_splits as read
    from emoray.data.finding import find_corpus, taxonomy_for
    from emoray.data.importing.settings import CorpusSource
    from emoray.storage.location import place_or_none

    asked = CorpusSource.from_options(None if source is None else str(source))
    found = find_corpus(
        asked, place_or_none(None if data is None else str(data)), download=download
    )
    return read(found.folder, name=found.name, taxonomy=taxonomy_for(taxonomy, found))


def _settings(corpus: "str | Path | None", given: dict[str, Any]) -> dict[str, Any]:
    """Settings of a workflow, with places and the corpus parsed where they are given as text."""
    from emoray.data.importing.settings import CorpusSource
    from emoray.storage.location import place_of

    places = {n: place_of(str(given[n])) for n in PLACES if given.get(n) is not None}
    return {
        **given,
        **places,
        "corpus": CorpusSource.from_options(None if corpus is None else str(corpus)),
    }


def space(**parts: Any) -> "Space | JointSpace":
    """Build a search space, for `python -m jobs.sweep --space my_space.py:NAME`.

    Args:
        parts: those that `python -m jobs.space quick` prints (for a joint search
            `python -m jobs.space joint`), with the same words: `recipes`, `schemes`, `decisions`.

    Returns:
        The space, its recipes of the taxonomy that the job is given.

    Raises:
        ValueError: a mistake, with the part that it is in, what is allowed and the nearest name.
    """
    from emoray.search.form.document import Document, FormError
    from emoray.search.form.space_form import read_space

    try:
        return read_space(parts, "own")
    except FormError as error:
        raise Document(name="emoray.space", data=parts).refusal(error) from error


def sweep(space: str = "quick", *, corpus: "str | Path | None" = None, **settings: Any) -> "Run":
    """Search as `python -m jobs.sweep` does, and read the run.

    Args:
        space: name of the search space.
        corpus: see `read_corpus`.
        settings: others of `Sweep`: `taxonomy`, `data`, `out`, …

    Returns:
        The run, see `load_run`.

    Raises:
        ValueError: for a mistake in the settings or the data, before any worker starts.
    """
    from emoray.workflows.settings.sweep import Sweep
    from emoray.workflows.sweep import run_sweep

    return load_run(run_sweep(Sweep(space=space, **_settings(corpus, settings))))


def compare(
    *operands: "str | Path", corpus: "str | Path | None" = None, **settings: Any
) -> "pd.DataFrame":
    """Compare models with the first, as `python -m jobs.compare` does.

    Args:
        operands: folders of artifacts or files of saved predictions, or ids of points of `run`.
        corpus: see `read_corpus`.
        settings: others of `CompareModels`: `run`, `split`, `margin`, …

    Returns:
        One row per comparison, the columns of `comparisons`: change, interval, verdict.

    Raises:
        ValueError: operands cannot be compared, with the reason.
    """
    from emoray.storage.location import place_of
    from emoray.tables.files import read_table
    from emoray.tables.parts import row_class_of
    from emoray.workflows.compare.compare import run_compare
    from emoray.workflows.settings.compare import CompareModels

    if settings.get("run") is not None:
        settings["run"] = place_of(str(settings["run"]))
    wanted = CompareModels(operands=tuple(map(str, operands)), **_settings(corpus, settings))
    place = run_compare(wanted)
    return read_table(place / "comparisons.parquet", row_class_of("comparisons")).to_pandas()
