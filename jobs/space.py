"""Print a search space in words, to begin one of your own from."""

from emoray.workflows.settings.space import PrintSpace
from jobs.console import Job

app = Job()


@app.command(
    PrintSpace,
    epilog="Examples:  \n"
    "`python -m jobs.space quick > space.yaml` — change it, then "
    "`python -m jobs.sweep --space space.yaml`  \n"
    "`python -m jobs.space joint` — knobs and ranges that Optuna chooses from  \n"
    "`python -m jobs.space my_space.py:wide` — what a Python file gives, checked  \n"
    "`python -m jobs.space results/quick-ekman` — what a run searched",
)
def space(settings: PrintSpace) -> None:
    """Print a search space as the YAML that `python -m jobs.sweep --space FILE` takes.

    What it prints, given back, is the same space: the same trainings and models, found in the
    store. Comments below name every knob of its recipes. A file is checked as the sweep would
    check it: a mistake is told with its line, its key, what is allowed and the nearest name.
    """
    from emoray.workflows.space import space_in_words

    print(space_in_words(settings), end="")


if __name__ == "__main__":
    app()
