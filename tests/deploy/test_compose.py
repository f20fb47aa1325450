"""The Compose files: services that go together in any choice of profiles, with a GPU or without."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

SERVICES, GPU = (
    yaml.safe_load(Path(name).read_text())["services"]
    for name in ("docker-compose.yml", "deploy/docker-compose.gpu.yml")
)


def names_of(service):
    """What other containers may call it."""
    networks = SERVICES[service].get("networks", {})
    return {service, *(alias for network in dict(networks).values() for alias in network.get("aliases", ()))}


def test_no_two_services_want_the_same_port_or_name():
    """Whatever profiles are on: a service that another depends on is started too."""
    ports = [port.split(":")[0] for about in SERVICES.values() for port in about.get("ports", ())]
    assert len(ports) == len({*ports}) >= 3
    names = [name for service in SERVICES for name in names_of(service)]
    assert len(names) == len({*names})


def test_the_gpu_is_another_form_of_the_service_and_goes_with_every_profile():
    (about,) = GPU.values()
    assert GPU.keys() == {"ganvas"} <= SERVICES.keys()
    assert about.keys() == {"build", "image", "deploy"}
    assert about["image"] != SERVICES["ganvas"]["image"]
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert about["build"]["args"]["EXTRA"] in extras
    (device,) = about["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("deploy/nginx/default.conf", r"server (\w+):(\d+);"),
        ("deploy/prometheus/prometheus.yml", r'"(\w+):(\d+)"'),
        ("deploy/grafana/provisioning/datasources/prometheus.yml", r"http://(\w+):(\d+)"),
    ],
)
def test_neighbours_ask_for_a_service_by_its_name(file, pattern):
    ((name, port),) = re.findall(pattern, Path(file).read_text())
    assert name in SERVICES
    assert name != "ganvas" or f"8000:{port}" in SERVICES[name]["ports"]


def test_a_service_whose_neighbour_is_not_there_yet_starts_again():
    """Docker starts containers in any order after the machine, and nginx ends where a name means nothing."""
    assert {about["restart"] for about in SERVICES.values()} == {"unless-stopped"}


def test_files_that_are_mounted_are_there():
    mounted = [volume.split(":")[0] for about in SERVICES.values() for volume in about.get("volumes", ())]
    folders = [Path(source) for source in mounted if source.startswith(".")]
    assert folders
    assert all(folder.exists() for folder in folders)
