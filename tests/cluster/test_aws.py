"""ray-cluster.yaml: what Ray and AWS would refuse, and what would let others in, found off-line."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from botocore.session import Session
from botocore.validate import ParamValidator
from ray.autoscaler._private.util import prepare_config, validate_config

from tests.cluster.head import ROOT

TEXT = (ROOT / "ray-cluster.yaml").read_text("utf-8")
GIVEN: dict[str, Any] = yaml.safe_load(TEXT)
SHAPE = Session().get_service_model("ec2").operation_model("RunInstances").input_shape


@pytest.fixture(scope="module")
def prepared() -> dict[str, Any]:
    """What Ray makes of it, its own defaults filled in."""
    found: dict[str, Any] = prepare_config(copy.deepcopy(GIVEN))
    return found


def test_ray_accepts_the_cluster_file(prepared: dict[str, Any]) -> None:
    validate_config(prepared)
    workers = [each for name, each in prepared["available_node_types"].items() if name != "head"]
    assert prepared["max_workers"] >= sum(each["max_workers"] for each in workers)


@pytest.mark.parametrize("node", GIVEN["available_node_types"])
def test_aws_knows_every_field_of_a_node(node: str) -> None:
    config = GIVEN["available_node_types"][node]["node_config"]
    report = ParamValidator().validate({**config, "MinCount": 1, "MaxCount": 1}, SHAPE)
    assert not report.has_errors(), report.generate_report()


def test_a_field_that_aws_does_not_know_would_be_found() -> None:
    report = ParamValidator().validate({"MinCount": 1, "MaxCount": 1, "Instancetype": "x"}, SHAPE)
    assert report.has_errors()


def test_the_head_coordinates_and_workers_are_spot_and_go_when_idle() -> None:
    nodes = GIVEN["available_node_types"]
    assert nodes["head"]["resources"] == {"CPU": 0}
    assert "InstanceMarketOptions" not in nodes["head"]["node_config"]
    for name in ("worker", "gpu_worker"):
        assert nodes[name]["node_config"]["InstanceMarketOptions"]["MarketType"] == "spot"
        assert nodes[name]["min_workers"] == 0 < nodes[name]["max_workers"]
    assert 1 <= GIVEN["idle_timeout_minutes"] <= 10


def test_nodes_with_a_gpu_have_its_drivers_and_the_same_system_as_the_others() -> None:
    nodes = {name: each["node_config"] for name, each in GIVEN["available_node_types"].items()}
    assert nodes["gpu_worker"]["InstanceType"].startswith("g")
    assert "nvidia-driver-gpu-ubuntu-24.04" in nodes["gpu_worker"]["ImageId"]
    assert nodes["worker"]["ImageId"] == nodes["head"]["ImageId"]
    assert "ubuntu/server/24.04" in nodes["head"]["ImageId"], "Ray wants one Python on all nodes"


def test_the_command_of_the_cluster_file_hands_the_job_in_as_on_this_machine() -> None:
    assert "cluster/submit.sh --address http://127.0.0.1:8265 --" in TEXT and "--out s3://" in TEXT


def commands() -> Iterator[str]:
    for name, value in GIVEN.items():
        if name.endswith("_commands"):
            yield from value


def starts() -> list[str]:
    return [line for line in commands() if "ray start" in line]


def test_nothing_of_it_is_open_to_the_world() -> None:
    assert not re.search(r"0\.0\.0\.0|::/0", TEXT)
    assert len(starts()) == 2
    for line in starts():
        assert "RAY_AUTH_MODE=token ray start" in line and "--disable-usage-stats" in line
    assert "--dashboard-host=127.0.0.1" in starts()[0] and "--num-cpus=0" in starts()[0]
    # A group of its own: the one that Ray would make lets in port 22 from everywhere.
    for node in GIVEN["available_node_types"].values():
        assert node["node_config"]["SecurityGroupIds"]


def test_no_key_lies_in_it_and_roles_are_named() -> None:
    assert not re.search(r"AKIA|SECRET|PASSWORD|aws_access", TEXT, re.IGNORECASE)
    for node in GIVEN["available_node_types"].values():
        assert node["node_config"]["IamInstanceProfile"]["Name"]
        assert node["node_config"]["MetadataOptions"]["HttpTokens"] == "required"


def test_the_token_reaches_every_node_and_stays_closed() -> None:
    assert GIVEN["file_mounts"]["/home/ubuntu/.ray/auth_token"] == "~/.ray/auth_token"
    assert any("chmod 600 ~/.ray/auth_token" in line for line in GIVEN["setup_commands"])


def test_nodes_are_set_up_by_our_script_in_pinned_versions() -> None:
    assert GIVEN["file_mounts"]["/home/ubuntu/emoray"] == "."
    assert any("~/emoray/cluster/setup.sh" in line for line in GIVEN["setup_commands"])
    script = (ROOT / "cluster" / "setup.sh").read_text()
    assert "--constraint constraints.txt" in script
    assert not any("pip install" in line for line in commands())
