"""Augment the train texts of a corpus by translating them there and back."""

from emoray.workflows.settings.augment import Augmenting
from jobs.console import Job

app = Job()


@app.command(
    Augmenting,
    epilog="Examples:  \n"
    "`python -m jobs.augment --limit 2000` — a first look, under a minute  \n"
    "`python -m jobs.augment --share 0.5 --balance 1 --name augment-spanish` — rare labels "
    "more, all of train  \n"
    "`python -m jobs.augment --translator 'marian:Helsinki-NLP/opus-mt-en-de?beams=2&device=cuda'` "
    "— a neural translator on every GPU  \n"
    "`python -m jobs.augment --agree results/quick-goemotions/artifacts/POINT` — only what a "
    "classifier still reads alike",
)
def augment(settings: Augmenting) -> None:
    """Say every train text otherwise: into another language and back, labels kept.

    Masks, links, user and subreddit names, emoji and faces stay as they are. Near copies, texts
    that grew or shrank too much, that lost a mark, or that stand in dev or test are dropped, each
    with its reason. Leaves `augmentations.parquet` (source, translation, result, verdict) and
    `augmented.tsv` (train and what was kept, in GoEmotions' form). Interrupt it whenever you like:
    the same command goes on where it stopped, and another share, balance or filter finds the
    translations in the store.
    """
    from emoray.workflows.augment import run_augment

    run_augment(settings)


if __name__ == "__main__":
    app()
