import platform
import subprocess
from pathlib import Path

import pytest

from emoray import provenance as module
from emoray.provenance import COMMIT_VARIABLE, LIBRARIES, provenance


def test_a_run_names_its_processor_and_every_library() -> None:
    found = provenance()
    assert found.cpu and isinstance(found.git_dirty, bool)
    assert found.versions.startswith(f"python {platform.python_version()}, ")
    for library in LIBRARIES:
        assert f"{library} " in found.versions


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that asks lies in a checkout, which does not know it yet."""
    (tmp_path / "provenance.py").touch()
    monkeypatch.setattr(module, "__file__", str(tmp_path / "provenance.py"))
    monkeypatch.delenv(COMMIT_VARIABLE, raising=False)
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, *names: str) -> str:
    git(folder, "add", *names)
    git(folder, "commit", "--quiet", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


def test_a_checkout_is_known_by_its_commit_and_what_was_changed_since(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMMIT_VARIABLE, "1" * 40)  # of another shell: the checkout knows better
    made = commit(checkout, "provenance.py")
    assert (provenance().git_commit, provenance().git_dirty) == (made, False)
    (checkout / "provenance.py").write_text("changed")
    assert (provenance().git_commit, provenance().git_dirty) == (made, True)


def test_the_commit_of_a_folder_that_holds_an_installed_emoray_is_not_taken_for_ours(
    checkout: Path,
) -> None:
    (checkout / "theirs.py").touch()
    commit(checkout, "theirs.py")
    assert (provenance().git_commit, provenance().git_dirty) == ("", False)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("a" * 40, ("a" * 40, False)),
        ("a" * 40 + "-dirty", ("a" * 40, True)),
        ("main", ("", False)),
        ("", ("", False)),
    ],
)
def test_without_a_checkout_the_commit_is_what_the_submitter_said(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, said: str, found: tuple[str, bool]
) -> None:
    monkeypatch.setenv(COMMIT_VARIABLE, said)
    assert (provenance().git_commit, provenance().git_dirty) == found
