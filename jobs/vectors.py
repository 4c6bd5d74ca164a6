"""Train word vectors on texts of one's own, for a sweep or whatever reads GloVe's files."""

from emoray.workflows.settings.vectors import Training
from jobs.console import Job

app = Job()


@app.command(
    Training,
    epilog="Examples:  \n"
    "`python -m jobs.vectors` — on GoEmotions' train, seconds  \n"
    "`python -m jobs.vectors reviews.txt.gz --dim 300 --method glove` — on a text file  \n"
    "`python -m jobs.vectors --corpus reviews.csv --near delivery`  \n"
    "`python -m jobs.sweep --vectors-file "
    "results/vectors-reviews/own-ppmi.100d.txt` — and a search that starts from them",
)
def vectors(settings: Training) -> None:
    """Train word vectors on texts of your own.

    Words are counted near each other in one pass, memory grows with their different pairs and not
    with the texts. Shows nearest words and two checks of sense: whether words are nearer to their
    inflections than to words as frequent, and how far cosines agree with given vectors.
    """
    from emoray.workflows.train_vectors import run_training

    run_training(settings)


if __name__ == "__main__":
    app()
