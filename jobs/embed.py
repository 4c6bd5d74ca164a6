"""Turn texts into vectors of an encoder, for models that read features."""

from emoray.workflows.settings.embed import Embed
from jobs.console import Job

app = Job()


@app.command(
    Embed,
    epilog="Examples:  \n"
    "`python -m jobs.embed --out vectors` — GoEmotions by all-MiniLM-L6-v2, minutes  \n"
    "`python -m jobs.sweep --space features --corpus vectors --feature-column vector` — then  \n"
    "`python -m jobs.embed --texts new.parquet --out new-vectors` — texts without labels",
)
def embed(settings: Embed) -> None:
    """Write each text's vector by an encoder as it is: the mean of its last states, of unit length.

    Of a corpus the files are train, dev and test with texts, labels and vectors, which a sweep of
    the space `features` reads. Needs the extra `bert`.
    """
    from emoray.workflows.embed import run_embed

    run_embed(settings)


if __name__ == "__main__":
    app()
