"""The Compose file: its services work together in any combination of profiles, with or without a GPU."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from service.settings import Settings

SERVICES = yaml.safe_load(Path("docker-compose.yml").read_text())["services"]
SERVICE_VARIABLE = re.compile(r"\$\{GANVAS_SERVICE:-(\w+)\}")


PUBLISHED = re.compile(r"(?:\$\{BIND_ADDRESS:-127\.0\.0\.1\}:)?(?P<host>\d+):(?P<container>\d+)")


def ports_of(service, side):
    """The published ports of a service, on the side of the host or of the container."""
    return [PUBLISHED.fullmatch(port)[side] for port in SERVICES[service].get("ports", ())]


def names_of(service):
    """The host names of a service for other containers."""
    networks = SERVICES[service].get("networks", {})
    return {service, *(alias for network in dict(networks).values() for alias in network.get("aliases", ()))}


def test_ports_and_names_are_unique():
    """In all profiles together: a service is also started as a dependency of another."""
    ports = [port for service in SERVICES for port in ports_of(service, "host")]
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
    assert ports_of("ganvas", "host") == ["8000"]
    assert ports_of("ganvas", "container") == [port]
    assert any(".conf:/etc/nginx/templates/" in volume for volume in SERVICES["cache"]["volumes"])


def test_prometheus_scrapes_both_services_and_grafana_queries_prometheus():
    config = yaml.safe_load(Path("deploy/prometheus/prometheus.yml").read_text())
    ((targets,),) = [job["dns_sd_configs"] for job in config["scrape_configs"]]
    assert {*targets["names"]} == {"ganvas", "ganvas-gpu"} <= SERVICES.keys()
    assert {f":{targets['port']}"} == {f":{port}" for name in targets["names"] for port in ports_of(name, "container")}
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


def test_ports_are_published_on_the_local_machine_by_default():
    for service in SERVICES.values():
        assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in service.get("ports", ()))


@pytest.mark.parametrize("name", ["ganvas", "ganvas-gpu"])
def test_settings_come_from_the_env_file_except_those_of_the_container(name):
    """`environment` takes precedence: settings for the host, such as a port, must not break the container."""
    assert SERVICES[name]["env_file"] == [{"path": ".env", "required": False}]
    image = dict(re.findall(r"(GANVAS_\w+)=(\S+)", Path("Dockerfile").read_text()))
    assert SERVICES[name]["environment"] == image
    assert Settings.model_validate({key.removeprefix("GANVAS_").lower(): value for key, value in image.items()})


@pytest.mark.parametrize("path", [".env", ".schemathesis/examples"])
def test_secrets_and_caches_are_ignored_by_git(path):
    assert subprocess.run(["git", "check-ignore", "--quiet", path], check=False).returncode == 0


def test_secrets_are_not_part_of_the_image():
    assert ".env" in Path(".dockerignore").read_text().split()
