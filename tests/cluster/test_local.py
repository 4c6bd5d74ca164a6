"""cluster/local.sh: a Ray that only this machine and only its user can reach."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cluster.head import ROOT, Head, free_port
from tests.listening import listening


def down(folder: Path) -> Head:
    return Head(folder=folder, port=free_port(), dashboard=free_port())


def test_all_of_it_listens_on_this_machine_alone(head: Head) -> None:
    found = listening(head.processes())
    assert {port for _, port in found} >= {head.port, head.dashboard}
    assert {host for host, _ in found} == {"127.0.0.1"}


def test_its_token_and_its_folder_are_closed_to_others(head: Head) -> None:
    assert stat.S_IMODE(head.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((head.folder / "token").stat().st_mode) == 0o600
    assert len((head.folder / "token").read_text()) == 64
    assert (head.folder / "token").read_text() not in head.script("status").stdout


def test_up_again_starts_nothing_and_says_again_how_to_submit(head: Head) -> None:
    before = head.processes()
    again = head.script("up")
    assert again.returncode == 0 and head.processes()[0] == before[0]
    for part in ("RAY_AUTH_TOKEN_PATH", head.url, "ray job submit --working-dir ."):
        assert part in again.stdout
    assert head.script("status").stdout == again.stdout


def test_a_port_that_is_taken_is_named_with_the_way_out(head: Head, tmp_path: Path) -> None:
    other = Head(folder=tmp_path / "c", port=free_port(), dashboard=head.dashboard)
    refused = other.script("up")
    assert refused.returncode == 1
    assert f"port {head.dashboard} must be free" in refused.stderr
    assert "EMORAY_DASHBOARD_PORT" in refused.stderr


def test_down_stops_what_it_started_and_nothing_else(head: Head, tmp_path: Path) -> None:
    other = down(tmp_path / "c")
    for _ in range(2):
        stopped = other.script("down")
        assert stopped.returncode == 0 and "nothing runs" in stopped.stdout
    # A number that another process has by now, the shell of this very test:
    other.folder.mkdir()
    (other.folder / "pid").write_text((head.folder / "pid").read_text())
    assert "nothing runs" in other.script("down").stdout
    assert head.script("status").returncode == 0


def test_status_of_nothing_is_an_exit_code(tmp_path: Path) -> None:
    found = down(tmp_path / "c").script("status")
    assert found.returncode == 3 and "nothing runs" in found.stdout


def test_a_word_it_does_not_know_shows_the_usage(tmp_path: Path) -> None:
    said = down(tmp_path / "c").script("sideways")
    assert said.returncode == 2 and "up [options" in said.stdout


def test_the_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "c").symlink_to(tmp_path / "theirs")
    refused = down(tmp_path / "c").script("up")
    assert refused.returncode == 1 and "must be yours" in refused.stderr


@pytest.mark.parametrize("script", ["local.sh", "setup.sh", "validate_model.sh"])
def test_scripts_are_whole(script: str) -> None:
    path = ROOT / "cluster" / script
    assert path.stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", path], check=True)
    if shellcheck := shutil.which("shellcheck"):
        subprocess.run([shellcheck, path], check=True)
