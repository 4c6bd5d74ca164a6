"""cluster/rayjob.yaml and cluster/Dockerfile: what KubeRay would refuse, found off-line."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ray.autoscaler._private.kuberay.node_provider import (
    IN_CLUSTER_CA_CERT_PATH,
    IN_CLUSTER_TOKEN_PATH,
)
from typer.testing import CliRunner

from emoray.provenance import COMMIT_VARIABLE
from jobs import sweep
from tests.cluster.head import ROOT
from tests.cluster.rayjob_schema import RAYJOB

DOCUMENTS: list[dict[str, Any]] = list(
    yaml.safe_load_all((ROOT / "cluster" / "rayjob.yaml").read_text("utf-8"))
)
ACCOUNT, JOB = DOCUMENTS
SPEC = JOB["spec"]
CLUSTER = SPEC["rayClusterSpec"]
RUNTIME: dict[str, Any] = yaml.safe_load((ROOT / "cluster" / "runtime-env.yaml").read_text("utf-8"))
DOCKERFILE = (ROOT / "cluster" / "Dockerfile").read_text("utf-8")


def pinned(library: str) -> str:
    """The version of constraints.txt."""
    (line,) = re.findall(rf"(?m)^{library}==(.+)$", (ROOT / "constraints.txt").read_text())
    return str(line)


def pods() -> Iterator[dict[str, Any]]:
    yield SPEC["submitterPodTemplate"]["spec"]
    yield CLUSTER["headGroupSpec"]["template"]["spec"]
    for group in CLUSTER["workerGroupSpecs"]:
        yield group["template"]["spec"]


def test_kuberay_knows_every_field() -> None:
    jsonschema.validate(JOB, RAYJOB)


@pytest.mark.parametrize("field", ["ttlSecondAfterFinished", "rayVersion", "authoptions"])
def test_a_field_that_kuberay_does_not_know_would_be_found(field: str) -> None:
    with pytest.raises(jsonschema.ValidationError, match=field):
        jsonschema.validate({**JOB, "spec": {**SPEC, field: 1}}, RAYJOB)


def test_a_job_in_kubernetes_ends_by_itself_whatever_happens() -> None:
    assert SPEC["shutdownAfterJobFinishes"] is True
    assert 0 < SPEC["ttlSecondsAfterFinished"] <= 3600
    assert SPEC["activeDeadlineSeconds"] > 0
    assert SPEC["backoffLimit"] >= 1 and SPEC["submitterConfig"]["backoffLimit"] == 0


def test_work_brings_pods_idle_ones_go_and_the_head_outlives_them() -> None:
    assert CLUSTER["enableInTreeAutoscaling"] is True
    assert 60 <= CLUSTER["autoscalerOptions"]["idleTimeoutSeconds"] <= 600
    head = CLUSTER["headGroupSpec"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert "ON_DEMAND" in head["template"]["spec"]["nodeSelector"].values()
    for group in CLUSTER["workerGroupSpecs"]:
        assert group["minReplicas"] == group["replicas"] == 0 < group["maxReplicas"]
        assert "SPOT" in group["template"]["spec"]["nodeSelector"].values()


def test_one_group_has_gpus() -> None:
    cpus, gpus = (
        group["template"]["spec"]["containers"][0]["resources"]["limits"]
        for group in CLUSTER["workerGroupSpecs"]
    )
    assert gpus["nvidia.com/gpu"] == "1" and "nvidia.com/gpu" not in cpus


def test_the_autoscaler_alone_holds_the_accounts_token() -> None:
    (mount,) = CLUSTER["autoscalerOptions"]["volumeMounts"]
    assert mount["mountPath"] == str(Path(IN_CLUSTER_TOKEN_PATH).parent), "where Ray looks"
    (volume,) = CLUSTER["headGroupSpec"]["template"]["spec"]["volumes"]
    assert volume["name"] == mount["name"]
    files = {
        each["serviceAccountToken"]["path"]
        if "serviceAccountToken" in each
        else each["configMap"]["items"][0]["path"]
        for each in volume["projected"]["sources"]
    }
    assert files == {Path(IN_CLUSTER_TOKEN_PATH).name, Path(IN_CLUSTER_CA_CERT_PATH).name}
    assert all("volumeMounts" not in each for pod in pods() for each in pod["containers"])


def test_callers_must_show_a_token_and_nothing_is_exposed() -> None:
    assert CLUSTER["authOptions"]["mode"] == "token"
    assert CLUSTER["headGroupSpec"]["serviceType"] == "ClusterIP"
    assert "enableIngress" not in CLUSTER["headGroupSpec"]


def test_no_pod_runs_as_root_or_takes_more_than_it_asked_for() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
        assert pod["serviceAccountName"] == ACCOUNT["metadata"]["name"]
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["resources"]["requests"] == container["resources"]["limits"]
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_s3_is_reached_by_the_service_accounts_role() -> None:
    assert ACCOUNT["kind"] == "ServiceAccount"
    assert "eks.amazonaws.com/role-arn" in ACCOUNT["metadata"]["annotations"]
    assert "s3://" in SPEC["entrypoint"]


def test_versions_are_those_of_the_constraints() -> None:
    assert pinned("ray") == CLUSTER["rayVersion"]
    (python,) = re.findall(r"(?m)^FROM python:(\d+\.\d+)-", DOCKERFILE)
    assert python == "3.11"
    project = re.findall(r'(?m)^version = "(.+)"$', (ROOT / "pyproject.toml").read_text())
    images = {container["image"] for pod in pods() for container in pod["containers"]}
    assert {image.rpartition(":")[2] for image in images} == set(project)


def test_the_command_of_the_pod_is_one_that_the_job_knows() -> None:
    python, module, name, *options = shlex.split(SPEC["entrypoint"])
    assert [python, module, name] == ["python", "-m", "jobs.sweep"]
    said = CliRunner().invoke(sweep.app, ["--help"]).output
    for option in options:
        assert not option.startswith("--") or option in said


def test_every_way_in_gives_workers_the_same_environment() -> None:
    assert yaml.safe_load(SPEC["runtimeEnvYAML"]) == RUNTIME
    assert set(RUNTIME) == {"env_vars"}
    assert all(isinstance(value, str) for value in RUNTIME["env_vars"].values())


def test_what_the_image_copies_exists_and_what_it_installs_is_pinned() -> None:
    copied = [
        path for line in re.findall(r"(?m)^COPY (.+)$", DOCKERFILE) for path in line.split()[:-1]
    ]
    assert {"emoray", "jobs", "constraints.txt", "pyproject.toml"} <= set(copied)
    assert all((ROOT / path).exists() for path in copied)
    installs = re.findall(r"pip install .+", DOCKERFILE)
    assert installs and all("--constraint constraints.txt" in line for line in installs)
    assert re.findall(r"(?m)^USER (\d+)$", DOCKERFILE) == ["1000"]


def test_the_image_says_its_commit_as_a_submitted_job_does() -> None:
    assert f"ENV {COMMIT_VARIABLE}=${COMMIT_VARIABLE}" in DOCKERFILE
    for said in (DOCKERFILE, (ROOT / "cluster" / "rayjob.yaml").read_text()):
        assert f"--build-arg {COMMIT_VARIABLE}=$(git rev-parse HEAD)" in said
