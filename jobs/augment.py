"""Augment the train texts of a corpus by translating them there and back."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
    Address,
    Corpus,
    Cpus,
    Data,
    Debug,
    Download,
    Insecure,
    RunsOut,
    Store,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.augment --limit 2000` — a first look, under a minute  \n"
    "`python -m jobs.augment --share 0.5 --balance 1 --name augment-spanish` — rare labels "
    "more, all of train  \n"
    "`python -m jobs.augment --translator 'marian:Helsinki-NLP/opus-mt-en-de?beams=2&device=cuda'` "
    "— a neural translator on every GPU  \n"
    "`python -m jobs.augment --agree results/quick-goemotions/artifacts/POINT` — only what a "
    "classifier still reads alike"
)
def augment(
    translator: Annotated[
        str,
        typer.Option(
            help="**apertium:eng-spa** or **eng-cat**: rule-based, from Debian, a hundred texts a "
            "second and more. **marian:MODEL** (**,MODEL BACK**): a folder or an id of the Hugging "
            "Face hub; after a **?**: beams=4, or sampling=0.8&seed=1, device=cuda, bf16=1 (needs "
            "the extra `translate`)."
        ),
    ] = "apertium:eng-spa",
    share: Annotated[
        float, typer.Option(help="Texts to keep, as a share of those translated, up to 1.")
    ] = 0.5,
    balance: Annotated[
        float, typer.Option(help="0 takes every text alike, above 0 those with rare labels more.")
    ] = 0.0,
    taxonomy: Annotated[
        str | None,
        typer.Option(
            help="Whose labels balance: **goemotions** (28), **ekman**, **sentiment**, or **own**: "
            "those of --corpus.  [default: all that the corpus has]"
        ),
    ] = None,
    corpus: Corpus = None,
    seed: Annotated[int, typer.Option(help="Of the draw among what passes the filters.")] = 0,
    limit: Annotated[
        int | None, typer.Option(help="Only the first so many texts of train.  [default: all]")
    ] = None,
    agree: Annotated[
        str | None,
        typer.Option(
            help="Folder of an artifact: a text is dropped where the mean probability that it "
            "gives to the text's labels falls too far."
        ),
    ] = None,
    most_fall: Annotated[
        float | None, typer.Option(help="With --agree: how far it may fall.  [default: 0.25]")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Translators at once.  [default: one a CPU, or one a GPU]"),
    ] = None,
    data: Data = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name", "--run", help="Name of this run's folder in OUT.  [default: augment-TAXONOMY]"
        ),
    ] = None,
    store: Store = None,
    address: Address = None,
    cpus: Cpus = None,
    insecure: Insecure = False,
    download: Download = True,
    debug: Debug = False,
) -> None:
    """Say every train text otherwise: into another language and back, labels kept.

    Masks, links, user and subreddit names, emoji and faces stay as they are. Near copies, texts
    that grew or shrank too much, that lost a mark, or that stand in dev or test are dropped, each
    with its reason. Leaves `augmentations.parquet` (source, translation, result, verdict) and
    `augmented.tsv` (train and what was kept, in GoEmotions' form). Interrupt it whenever you like:
    the same command goes on where it stopped, and another share, balance or filter finds the
    translations in the store.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.distributed.connection import Cluster
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.augment import Augmenting, run_augment

        run_augment(
            Augmenting(
                translator=translator,
                share=share,
                balance=balance,
                taxonomy=taxonomy,
                corpus=bring_or_none(corpus),
                seed=seed,
                limit=limit,
                agree=place_or_none(agree),
                most_fall=most_fall,
                workers=workers,
                data=place_or_none(data),
                out=place_of(out),
                name=name,
                store=place_or_none(store),
                cluster=Cluster(address=address, cpus=cpus, insecure=insecure),
                download=download,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
