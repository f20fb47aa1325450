"""The Compose file: its services work together in any combination of profiles, with or without a GPU."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

SERVICES = yaml.safe_load(Path("docker-compose.yml").read_text())["services"]
SERVICE_VARIABLE = re.compile(r"\$\{GANVAS_SERVICE:-(\w+)\}")


def names_of(service):
    """The host names of a service for other containers."""
    networks = SERVICES[service].get("networks", {})
    return {service, *(alias for network in dict(networks).values() for alias in network.get("aliases", ()))}


def test_ports_and_names_are_unique():
    """In all profiles together: a service is also started as a dependency of another."""
    ports = [port.split(":")[0] for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(ports) == len({*ports}) >= 3
    names = [name for service in SERVICES for name in names_of(service)]
    assert len(names) == len({*names})


def test_gpu_service_differs_only_where_needed():
    plain, gpu = SERVICES["ganvas"], SERVICES["ganvas-gpu"]
    assert gpu["profiles"] == ["gpu"]
    assert {key for key in gpu if gpu[key] != plain.get(key)} == {"profiles", "build", "image", "ports", "deploy"}
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert gpu["build"]["args"]["EXTRA"] in extras
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"


@pytest.mark.parametrize("name", ["cache", "prometheus"])
def test_dependencies_follow_the_selected_service(name):
    """`depends_on` starts the selected service only: the GPU service does not start the CPU service too."""
    (dependency,) = SERVICES[name]["depends_on"]
    assert SERVICE_VARIABLE.fullmatch(dependency)[1] in SERVICES


def test_cache_forwards_to_the_selected_service():
    ((variable, port),) = re.findall(r"server \$\{(\w+)\}:(\d+);", Path("deploy/nginx/default.conf").read_text())
    assert SERVICE_VARIABLE.fullmatch(SERVICES["cache"]["environment"][variable])[1] == "ganvas"
    assert f"8000:{port}" in SERVICES["ganvas"]["ports"]
    assert any(".conf:/etc/nginx/templates/" in volume for volume in SERVICES["cache"]["volumes"])


def test_prometheus_scrapes_both_services_and_grafana_queries_prometheus():
    config = yaml.safe_load(Path("deploy/prometheus/prometheus.yml").read_text())
    ((targets,),) = [job["dns_sd_configs"] for job in config["scrape_configs"]]
    assert {*targets["names"]} == {"ganvas", "ganvas-gpu"} <= SERVICES.keys()
    assert {f":{targets['port']}"} == {port[4:] for name in targets["names"] for port in SERVICES[name]["ports"]}
    source = Path("deploy/grafana/provisioning/datasources/prometheus.yml").read_text()
    assert re.findall(r"http://(\w+):", source) == ["prometheus"]


def test_services_restart_until_their_dependencies_are_up():
    """After a reboot Docker starts containers in any order, and nginx exits if a name does not resolve."""
    assert {service["restart"] for service in SERVICES.values()} == {"unless-stopped"}


def test_mounted_files_exist():
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    folders = [Path(source) for source in mounted if source.startswith(".")]
    assert folders
    assert all(folder.exists() for folder in folders)
