"""Train word vectors on texts of one's own, for a sweep or whatever reads GloVe's files."""

from typing import Annotated

import typer

from jobs.console import Job, run_job
from jobs.options import (
    Corpus,
    DataAndVectors,
    Debug,
    Download,
    LabelColumn,
    RunsOut,
    TextColumn,
)

app = Job()


@app.command(
    epilog="Examples:  \n"
    "`python -m jobs.vectors` — on GoEmotions' train, seconds  \n"
    "`python -m jobs.vectors reviews.txt.gz --dim 300 --method glove` — on a text file  \n"
    "`python -m jobs.vectors --corpus reviews.csv --near delivery`  \n"
    "`python -m jobs.sweep --vectors-file "
    "results/vectors-reviews/own-ppmi.100d.txt` — and a search that starts from them"
)
def vectors(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT",
            help="A text file, one text a line, .gz too, or s3://…  [default: the train texts of "
            "--corpus, else of GoEmotions]",
        ),
    ] = None,
    corpus: Corpus = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    dim: Annotated[int, typer.Option(min=1, help="Dimensions.")] = 100,
    method: Annotated[
        str,
        typer.Option(
            help="**ppmi**: mutual information and its first singular directions. **glove**: "
            "GloVe's own objective; slower."
        ),
    ] = "ppmi",
    window: Annotated[
        int, typer.Option(min=1, max=20, help="Words to either side that count as near.")
    ] = 5,
    min_count: Annotated[
        int, typer.Option(min=1, help="Occurrences from which on a word has a vector.")
    ] = 5,
    max_words: Annotated[
        int, typer.Option(min=1, help="Words at most, the most frequent ones.")
    ] = 50_000,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal bytes.")] = 0,
    near: Annotated[
        list[str] | None, typer.Option(help="Show this word's neighbours; repeatable.")
    ] = None,
    out: RunsOut = "results",
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            "--run",
            help="Name of this run's folder in OUT.  [default: vectors-CORPUS or vectors-TEXT]",
        ),
    ] = None,
    data: DataAndVectors = None,
    download: Download = True,
    debug: Debug = False,
) -> None:
    """Train word vectors on texts of your own.

    Words are counted near each other in one pass, memory grows with their different pairs and not
    with the texts. Shows nearest words and two checks of sense: whether words are nearer to their
    inflections than to words as frequent, and how far cosines agree with given vectors.
    """

    def work() -> None:
        from emoray.data.finding import bring_or_none
        from emoray.storage.location import place_of, place_or_none
        from emoray.workflows.train_vectors import Training, method_settings, run_training, texts_of

        run_training(
            Training(
                texts=texts_of(
                    place_or_none(text),
                    bring_or_none(
                        corpus, text_column=text_column, label_columns=label_column or ()
                    ),
                    place_or_none(data),
                    download=download,
                ),
                settings=method_settings(
                    method, window=window, min_count=min_count, max_words=max_words, seed=seed
                ),
                dim=dim,
                near=tuple(near or ()),
                out=place_of(out),
                name=name,
            )
        )

    run_job(work, debug=debug)


if __name__ == "__main__":
    app()
