"""The Compose file: services that go together in any choice of profiles, with a GPU or without."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

SERVICES = yaml.safe_load(Path("docker-compose.yml").read_text())["services"]
PUT_BEFORE = re.compile(r"\$\{GANVAS_SERVICE:-(\w+)\}")


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


def test_the_gpu_is_another_form_of_the_service():
    plain, gpu = SERVICES["ganvas"], SERVICES["ganvas-gpu"]
    assert gpu["profiles"] == ["gpu"]
    assert {key for key in gpu if gpu[key] != plain.get(key)} == {"profiles", "build", "image", "ports", "deploy"}
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert gpu["build"]["args"]["EXTRA"] in extras
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"


@pytest.mark.parametrize("name", ["cache", "prometheus"])
def test_neighbours_go_with_either_form(name):
    """`depends_on` starts what it names: with the GPU's form chosen, the processor's is not started beside it."""
    (neighbour,) = SERVICES[name]["depends_on"]
    assert PUT_BEFORE.fullmatch(neighbour)[1] in SERVICES


def test_the_cache_asks_the_form_that_was_chosen():
    ((variable, port),) = re.findall(r"server \$\{(\w+)\}:(\d+);", Path("deploy/nginx/default.conf").read_text())
    assert PUT_BEFORE.fullmatch(SERVICES["cache"]["environment"][variable])[1] == "ganvas"
    assert f"8000:{port}" in SERVICES["ganvas"]["ports"]
    assert any(".conf:/etc/nginx/templates/" in volume for volume in SERVICES["cache"]["volumes"])


def test_prometheus_asks_both_forms_and_grafana_asks_prometheus():
    config = yaml.safe_load(Path("deploy/prometheus/prometheus.yml").read_text())
    ((found,),) = [job["dns_sd_configs"] for job in config["scrape_configs"]]
    assert {*found["names"]} == {"ganvas", "ganvas-gpu"} <= SERVICES.keys()
    assert {f":{found['port']}"} == {port[4:] for name in found["names"] for port in SERVICES[name]["ports"]}
    source = Path("deploy/grafana/provisioning/datasources/prometheus.yml").read_text()
    assert re.findall(r"http://(\w+):", source) == ["prometheus"]


def test_a_service_whose_neighbour_is_not_there_yet_starts_again():
    """Docker starts containers in any order after the machine, and nginx ends where a name means nothing."""
    assert {about["restart"] for about in SERVICES.values()} == {"unless-stopped"}


def test_files_that_are_mounted_are_there():
    mounted = [volume.split(":")[0] for about in SERVICES.values() for volume in about.get("volumes", ())]
    folders = [Path(source) for source in mounted if source.startswith(".")]
    assert folders
    assert all(folder.exists() for folder in folders)
