"""A search space in words: a named one, one of a file, or that of a run."""

from pathlib import Path

from emoray.models.encoder.recipe import DEFAULT_ENCODER
from emoray.search.form.own_space import own_space
from emoray.search.form.printing import to_begin_from
from emoray.search.overrides import encoders_needed, named_space
from emoray.search.space_files import is_own
from emoray.stages.inputs import require_encoder, vectors_at_hand
from emoray.storage.location import local_copy, place_of
from emoray.tables.folders import folder_at
from emoray.workflows.settings.space import PrintSpace

ANY = "ekman"  # a printed space names no taxonomy


def _of_run(place: str) -> str | None:
    """The space of a run's last start, as YAML; None where there is no run, or none searched."""
    folder = folder_at(place_of(place))
    starts = folder.read("runs").to_pylist() if folder.holds("runs") else []
    last = max(starts, key=lambda start: str(start["finished"]), default=None)
    return str(last["space_form"]) if last and last.get("space_form") else None


def space_in_words(settings: PrintSpace) -> str:
    """Write a space as the YAML that `--space` takes.

    Args:
        settings: which space.

    Returns:
        YAML with comments that say what else may stand there.
    """
    name = settings.space
    if is_own(name):
        return to_begin_from(own_space(name), Path(name).name)
    if ("/" in name or Path(name).is_dir()) and (form := _of_run(name)):
        return form
    needs = encoders_needed(name)
    encoders = (settings.encoders or (DEFAULT_ENCODER,)) if needs else ()
    data = local_copy(settings.data) if settings.data else None
    vectors = () if needs else vectors_at_hand(data, settings.vector_files or None)
    space = named_space(
        name,
        ANY,
        sorted({each.dim for each in vectors}),
        encoders=[require_encoder(each) for each in encoders],
    )
    return to_begin_from(space, name)
