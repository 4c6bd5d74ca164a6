"""cluster/local.sh: a Ray that only this machine and only its user can reach."""

import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.head import ROOT, Head, free_port, said_by
from tests.listening import listening


def down(folder: Path) -> Head:
    return Head(folder=folder, port=free_port(), dashboard=free_port())


def test_a_local_cluster_listens_on_this_machine_alone(head: Head) -> None:
    found = listening(head.processes())
    assert {port for _, port in found} >= {head.port, head.dashboard}
    assert {host for host, _ in found} == {"127.0.0.1"}


def test_the_token_and_the_folder_of_a_local_cluster_are_closed_to_others(head: Head) -> None:
    assert stat.S_IMODE(head.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((head.folder / "token").stat().st_mode) == 0o600
    assert len((head.folder / "token").read_text()) == 64
    assert (head.folder / "token").read_text() not in head.script("status").stdout


def test_up_again_starts_nothing_and_says_again_how_to_submit(head: Head) -> None:
    before = head.processes()
    again = head.script("up")
    assert again.returncode == 0 and head.processes()[0] == before[0]
    for part in ("RAY_AUTH_TOKEN_PATH", head.url):
        assert part in again.stdout
    assert head.script("status").stdout == again.stdout


def test_what_it_says_to_type_works_in_a_shell_that_knows_nothing_else(
    head: Head, tmp_path: Path
) -> None:
    """The folder's name has a space; the shell stands elsewhere."""
    lines = [
        line.strip()
        for line in head.script("status").stdout.splitlines()
        if line.startswith("    ")
    ]
    exports, (submit, down) = lines[:-2], lines[-2:]
    assert all(line.startswith("export ") for line in exports)
    assert submit.endswith(f"-- python -m jobs.sweep --out {ROOT}/results")
    asked = f"{submit.partition(' -- ')[0]} --no-wait -- true"
    script = "\n".join(["set -e", *exports, asked, f"{down.removesuffix('down')}status"])
    done = said_by(["bash", "-c", script], tmp_path, head.bare, 120)
    assert done.returncode == 0 and "submitted successfully" in done.stdout, done.stdout
    assert "Ray runs on 127.0.0.1" in done.stdout


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for Ray's sockets."""
    with tempfile.TemporaryDirectory(prefix="emoray-", dir="/tmp") as folder:
        yield Path(folder)


def test_a_port_that_is_taken_is_named_with_the_way_out(head: Head, short: Path) -> None:
    other = Head(folder=short / "c", port=free_port(), dashboard=head.dashboard)
    refused = other.script("up")
    assert refused.returncode == 1
    assert f"port {head.dashboard} must be free" in refused.stderr
    assert "EMORAY_DASHBOARD_PORT" in refused.stderr


PORT, OTHER = "EMORAY_PORT", "EMORAY_DASHBOARD_PORT"
MISTAKES = [
    ({"EMORAY_CLUSTER": "c"}, r"EMORAY_CLUSTER must be an absolute path, got c: write /.*/c, or"),
    (
        {"EMORAY_CLUSTER": "/tmp/" + "x" * 40},
        r"at most 3[59] bytes long, .*, got 45: name a",
    ),
    ({"EMORAY_CLUSTER": "/tmp/it's"}, r"a path without quotes, tabs and line ends, got"),
    ({"EMORAY_CLUSTER": "/dev/null/c"}, r"must be one that can be made, got /dev/null/c: name ano"),
    (
        {PORT: "abc"},
        r"EMORAY_PORT must be a whole number in 1024..65534, got 'abc': choose",
    ),
    ({PORT: "80"}, r"EMORAY_PORT must be .*, got '80'"),
    ({PORT: "65535"}, r"EMORAY_PORT must be .*, got '65535'"),
    ({PORT: "06379"}, r"EMORAY_PORT must be .*, got '06379'"),
    ({OTHER: "8265; true"}, r"EMORAY_DASHBOARD_PORT must be a whole .*, got '8265; true'"),
    ({PORT: "7000", OTHER: "7001"}, r"must differ from EMORAY_PORT and the one after it, got 7001"),
]


@pytest.mark.parametrize(("settings", "told"), MISTAKES, ids=[str(m[0]) for m in MISTAKES])
def test_a_setting_that_cannot_work_is_one_line_before_anything_starts(
    settings: dict[str, str], told: str, tmp_path: Path
) -> None:
    usual = down(tmp_path).settings | {"EMORAY_CLUSTER": "/tmp/emoray-none"}
    line = [str(ROOT / "cluster" / "local.sh"), "up"]
    refused = said_by(line, tmp_path, down(tmp_path).bare | usual | settings, 60)
    assert refused.returncode == 1 and re.search(told, refused.stdout), refused.stdout
    assert refused.stdout.startswith("error: ") and len(refused.stdout.splitlines()) == 1


def test_a_missing_tool_is_named_with_its_package(tmp_path: Path) -> None:
    for tool in ("bash", "id", "uname", "dirname"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    line = [str(tmp_path / "bash"), str(ROOT / "cluster" / "local.sh"), "status"]
    refused = said_by(line, tmp_path, {"PATH": str(tmp_path)}, 60)
    assert refused.returncode == 1 and "error: ps must be installed" in refused.stdout
    assert "procps" in refused.stdout


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


def test_the_folder_of_somebody_else_is_refused(short: Path) -> None:
    (short / "theirs").mkdir()
    (short / "c").symlink_to(short / "theirs")
    refused = down(short / "c").script("up")
    assert refused.returncode == 1 and "must be yours" in refused.stderr


@pytest.mark.parametrize("script", ["local.sh", "setup.sh", "submit.sh", "validate_model.sh"])
def test_scripts_are_whole(script: str) -> None:
    path = ROOT / "cluster" / script
    assert path.stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", path], check=True)
    if shellcheck := shutil.which("shellcheck"):
        subprocess.run([shellcheck, path], check=True)
