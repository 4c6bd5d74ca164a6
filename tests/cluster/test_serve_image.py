"""cluster/serve.Dockerfile and serve.yaml: the image's steps, run in a fresh environment."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml

from emoray.serving.settings import RequestLimits
from tests.cluster.head import ROOT
from tests.cluster.rayjob_schema import COUNT, QUANTITY, STRING, YES_OR_NO, closed, each
from tests.serving import made

DOCKERFILE = (ROOT / "cluster" / "serve.Dockerfile").read_text("utf-8")
DEPLOYMENT, SERVICE, SCALER = yaml.safe_load_all((ROOT / "cluster" / "serve.yaml").read_text())
POD = DEPLOYMENT["spec"]["template"]["spec"]
HEAVY = ("pandas", "pyarrow", "ray", "torch", "tensorflow", "sklearn", "scipy", "typer", "rich")
MOST_MB, MOST_RSS_MB = 155, 150
NAMED = {"type": "object", "additionalProperties": STRING}
PROBE = closed(
    ("httpGet",),
    httpGet=closed(("path", "port"), path=STRING, port=STRING),
    periodSeconds=COUNT,
    failureThreshold=COUNT,
)
CONTAINER = closed(
    ("name", "image", "resources"),
    name=STRING,
    image=STRING,
    args=each(STRING),
    env=each(
        closed(
            ("name", "valueFrom"),
            name=STRING,
            valueFrom=closed(secretKeyRef=closed(("name", "key"), name=STRING, key=STRING)),
        )
    ),
    ports=each(closed(("containerPort",), name=STRING, containerPort=COUNT)),
    readinessProbe=PROBE,
    livenessProbe=PROBE,
    resources=closed(
        requests=closed(("cpu", "memory"), cpu=QUANTITY, memory=QUANTITY),
        limits=closed(("cpu", "memory"), cpu=QUANTITY, memory=QUANTITY),
    ),
    securityContext=closed(
        allowPrivilegeEscalation=YES_OR_NO,
        readOnlyRootFilesystem=YES_OR_NO,
        capabilities=closed(drop=each(STRING)),
    ),
    volumeMounts=each(
        closed(("name", "mountPath"), name=STRING, mountPath=STRING, readOnly=YES_OR_NO)
    ),
)
POD_SPEC = closed(
    ("containers",),
    automountServiceAccountToken=YES_OR_NO,
    securityContext=closed(
        runAsNonRoot=YES_OR_NO,
        runAsUser=COUNT,
        seccompProfile=closed(("type",), type=STRING),
    ),
    terminationGracePeriodSeconds=COUNT,
    containers=each(CONTAINER),
    volumes=each(
        closed(
            ("name",),
            name=STRING,
            persistentVolumeClaim=closed(("claimName",), claimName=STRING, readOnly=YES_OR_NO),
        )
    ),
)


def steps() -> Iterator[str]:
    """The commands of the image's RUN lines."""
    joined = DOCKERFILE.replace("\\\n", " ")
    for line in re.findall(r"(?m)^RUN (.+)$", joined):
        yield from (step.strip() for step in line.split("&&"))


def copied(to: Path) -> None:
    """What the image's COPY lines take from the repository, and nothing else."""
    for line in re.findall(r"(?m)^COPY (.+)$", DOCKERFILE):
        *sources, target = line.split()
        for source in sources:
            found, place = ROOT / source, to / target
            if found.is_dir():
                shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, place)


def size_mb(folder: Path, *without: str) -> float:
    """MB (1,000,000 bytes) of the files of a folder, without what pip itself brings."""
    return (
        sum(
            path.stat().st_size
            for path in folder.rglob("*")
            if path.is_file()
            and not any(path.relative_to(folder).parts[0].startswith(name) for name in without)
        )
        / 1e6
    )


def test_the_image_needs_what_the_extra_says() -> None:
    import tomllib

    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(
        r"(?m)^[a-z][a-z-]+", (ROOT / "cluster" / "serve-requirements.txt").read_text()
    )
    serve = [re.match(r"[a-z-]+", one)[0] for one in extra["optional-dependencies"]["serve"]]  # type: ignore[index]
    assert named == ["numpy", "onnxruntime", *serve]


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_well() -> None:
    assert re.search(r"(?m)^USER 1000$", DOCKERFILE)
    assert re.search(r"(?m)^HEALTHCHECK .*livez", DOCKERFILE)
    assert "ORT_DISABLE_TELEMETRY=1" in DOCKERFILE
    assert re.match(r"(#.*\n)+FROM python:3\.11-slim", DOCKERFILE)


@pytest.mark.parametrize("name", ["Dockerfile", "serve.Dockerfile"])
def test_the_linter_of_dockerfiles_finds_nothing(name: str) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, "--ignore", "DL3008", ROOT / "cluster" / name],  # of Debian: the tag pins it
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and not done.stdout, done.stdout


def test_kubernetes_knows_every_field_of_the_pod() -> None:
    jsonschema.validate(POD, POD_SPEC)
    with pytest.raises(jsonschema.ValidationError, match="readinesProbe"):
        jsonschema.validate({"containers": [{"readinesProbe": {}}]}, POD_SPEC)


def test_names_and_ports_of_the_deployment_fit_together() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    assert DEPLOYMENT["spec"]["selector"]["matchLabels"] == SERVICE["spec"]["selector"] == labels
    (container,) = POD["containers"]
    assert SERVICE["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    target = SCALER["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", DEPLOYMENT["metadata"]["name"])
    assert SCALER["spec"]["minReplicas"] >= 2


def test_a_pod_outlives_its_draining() -> None:
    (container,) = POD["containers"]
    drain = float(container["args"][container["args"].index("--drain") + 1])
    assert POD["terminationGracePeriodSeconds"] > drain + RequestLimits().seconds + 5
    assert drain > 3 * container["readinessProbe"]["periodSeconds"]


@pytest.mark.long
def test_every_step_of_the_image_runs_and_what_it_makes_is_small_and_serves(
    tmp_path: Path,
) -> None:
    """Builds the environment of the image from the registry, and asks the service in it."""
    root, home = tmp_path / "image", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    copied(root)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    environment = kept | {"PATH": os.environ["PATH"], "HOME": str(home)}
    for step in steps():
        if step.startswith("pip "):
            words = [str(python), "-m", *shlex.split(step)]
            subprocess.run(words, cwd=root, env=environment, check=True)
        else:
            assert step.startswith("useradd ")
    packages = tmp_path / "venv" / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    size = size_mb(packages, "pip", "setuptools", "pkg_resources", "_distutils")
    assert size <= MOST_MB, f"{size:.1f} MB"
    absent = "; ".join(f"assert find_spec({name!r}) is None, {name!r}" for name in HEAVY)
    code = f"from importlib.util import find_spec; import emoray.serving.server; {absent}"
    subprocess.run([python, "-c", code], env=environment, cwd=home, check=True)
    artifact = made.artifact(tmp_path / "artifact")
    with made.served(
        artifact, tmp_path / "said.txt", environment=environment, python=python, alone=True
    ) as found:
        made.ready(found)
        assert found.predict({"text": "thanks a lot"}).status == 200
        rss = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{found.process.pid}/status").read_text())
        assert rss and int(rss[1]) / 1024 <= MOST_RSS_MB, f"{int(rss[1]) / 1024:.0f} MB"
        assert found.stop() == 0
