"""`ray job submit` over HTTP: who may, what travels, how it ends, and how it is taken up again."""

import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from emoray.provenance import provenance
from emoray.storage.store.local import Store
from emoray.workflows.settings.sweep import Sweep
from tests.cluster.head import ROOT, Head
from tests.runs import read

SUBMIT = ("submit", "--working-dir", ".", "--runtime-env", "cluster/runtime-env.yaml")
SWEEP = ("--", "python", "-m", "jobs.sweep")
REPORT = ("--", "python", "-m", "jobs.report", "results/x")
PATIENCE = 180.0


@pytest.mark.long
def test_a_good_job_succeeds_and_a_bad_one_fails_with_one_clear_line(
    head: Head, tmp_path: Path
) -> None:
    commands = (("--help",), ("--space", "nonsense"))
    with ThreadPoolExecutor() as pool:
        lost = pool.submit(head.handed_in, *REPORT, stand=tmp_path)
        good, bad = pool.map(lambda words: head.job(*SUBMIT, *SWEEP, *words), commands)
    assert good.returncode == 0 and "succeeded" in good.stdout, good.stdout
    assert bad.returncode == 1 and "failed" in bad.stdout, bad.stdout
    log = bad.stdout.partition("Running entrypoint")[2].partition("\n")[2]
    assert log.startswith("error: ") and "nonsense" in log.splitlines()[0], bad.stdout
    assert "Traceback" not in bad.stdout
    told = lost.result().stdout
    assert lost.result().returncode == 1 and not (tmp_path / "results").exists()
    assert provenance().git_commit in told
    assert "error: what a submitted job writes must outlive its Ray, got the run 'res" in told


@pytest.mark.parametrize("token", ["none", "wrong"])
def test_a_caller_without_the_token_is_refused(token: str, head: Head, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0" * 64)
    known = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}
    caller = head.bare | ({"RAY_AUTH_MODE": "disabled"} if token == "none" else known)
    refused = head.job("list", "--address", head.url, environment=caller)
    assert refused.returncode == 1 and "AuthenticationError" in refused.stdout


def packed(folder: Path, into: Path) -> list[str]:
    """The files that Ray takes along, by its own hand."""
    from ray._private.runtime_env.packaging import create_package

    create_package(str(folder), into, include_gitignore=True, logger=None)
    assert into.stat().st_size < 4_000_000
    return [name for name in zipfile.ZipFile(into).namelist() if not name.endswith("/")]


def test_all_code_travels_and_nothing_else(tmp_path: Path) -> None:
    code = {".py", ".js", ".css", ".html", ".tsv"}
    ours = [p for top in ("emoray", "jobs") for p in (ROOT / top).rglob("*") if p.is_file()]
    wanted = {
        str(p.relative_to(ROOT)) for p in ours if p.suffix in code or p.parent.name == "sample"
    }
    assert set(packed(ROOT, tmp_path / "package.zip")) == {"pyproject.toml", *wanted}, (
        "name new folders in .rayignore"
    )


SECRETS = (
    *(".env", "emoray/.env", "jobs/.secret", "emoray/key.pem", "jobs/id_rsa", "emoray/text/token"),
    *("emoray/text/credentials.json", "emoray/private/notes.py", "results/points.parquet"),
    *(".aws/credentials", "emoray/.git/config", "emoray/data/sample/mine.csv", "kubeconfig"),
)


def test_keys_and_private_files_stay_wherever_they_lie(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in (*SECRETS, "emoray/labels.py", "emoray/text/words.py", "jobs/sweep.py"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("x")
    for name in (".rayignore", ".gitignore"):
        (tree / name).write_bytes((ROOT / name).read_bytes())
    found = packed(tree, tmp_path / "package.zip")
    assert sorted(found) == ["emoray/labels.py", "emoray/text/words.py", "jobs/sweep.py"]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A sweep that was stopped in its first training, and the same command again."""

    sweep: Sweep
    status: str
    log: str
    made: list[str]
    again: str
    code: int


def made(store: Store) -> list[str]:
    return [e["key"] for e in store.journal() if e["event"] == "made"]


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def story(head: Head, tmp_path_factory: pytest.TempPathFactory) -> Story:
    sweep = Sweep(space="smoke", out=tmp_path_factory.mktemp("submitted"))
    store = Store(sweep.store_place)
    words = (*SWEEP, "--space", "smoke", "--no-download", "--out", str(sweep.out))
    head.handed_in("--no-wait", "--submission-id", "first", *words, stand=sweep.out.parent)
    wait(lambda: any(key.startswith("embed") for key in made(store)))
    head.job("stop", "first")
    status = head.job("status", "first").stdout
    log = head.job("logs", "first").stdout
    before = made(store)
    again = head.handed_in(
        "--submission-id", "second", *words, stand=sweep.out.parent, timeout=PATIENCE
    )
    return Story(
        sweep=sweep,
        status=status,
        log=log,
        made=before,
        again=again.stdout,
        code=again.returncode,
    )


@pytest.mark.faults
def test_a_stopped_job_ends_by_itself_before_it_is_killed(story: Story, head: Head) -> None:
    assert "stopped" in story.status
    assert "run the same command again to go on" in story.log and "Traceback" not in story.log
    (supervisor,) = head.folder.glob("ray/session_2*/logs/jobs/supervisor-first.log")
    assert "terminated gracefully" in supervisor.read_text()


@pytest.mark.faults
def test_the_job_submitted_again_goes_on_where_it_stopped(story: Story) -> None:
    assert story.code == 0 and "succeeded" in story.again, story.again
    finished = made(Store(story.sweep.store_place))
    assert 0 < len(story.made) < len(finished)
    assert len(set(finished)) == len(finished), "a finished stage was made again"
    assert read(story.sweep).tables["runs"].iloc[-1]["git_commit"] == provenance().git_commit
    points = read(story.sweep).searched
    assert points["point"].is_unique and points["model"].nunique() > 1
