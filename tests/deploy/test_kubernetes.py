"""The manifests of deploy/kubernetes: valid by Kubernetes' schemas and consistent with the service and the image."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings

ROOT = Path(__file__).parents[2] / "deploy/kubernetes"
BASE = sorted(path for path in (ROOT / "base").glob("*.yaml") if path.name != "kustomization.yaml")
WHOLE = [*BASE, ROOT / "components/models/volume.yaml"]
PATCHES = [ROOT / "overlays/gpu/gpu.yaml", ROOT / "components/models/mount.yaml"]
VERSIONS = ["1.31", kubernetes_validate.latest_version()]  # the oldest that supports all fields, and the newest
KUSTOMIZE = [shutil.which("kubectl") or "", "kustomize"]

has_kustomize = pytest.mark.skipif(not KUSTOMIZE[0], reason="kubectl is not installed: it renders the overlays")


def documents(text: str) -> dict[str, Any]:
    """The documents by kind."""
    found = [document for document in yaml.safe_load_all(text) if document]
    assert len({document["kind"] for document in found}) == len(found)
    return {document["kind"]: document for document in found}


def read(*paths: Path) -> dict[str, Any]:
    return documents("\n---\n".join(path.read_text() for path in paths))


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return only


def environment(deployment: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(deployment).get("env", ())}


def rendered(folder: Path) -> dict[str, Any]:
    done = subprocess.run([*KUSTOMIZE, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


@pytest.fixture(scope="module")
def base():
    return read(*BASE)


@pytest.fixture
def everything(tmp_path):
    """A user's overlay: a GPU and their own models."""
    root = Path(*[".."] * len(tmp_path.parts[1:]), *ROOT.parts[1:])
    text = yaml.safe_dump({"resources": [f"{root}/overlays/gpu"], "components": [f"{root}/components/models"]})
    (tmp_path / "kustomization.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_manifests_are_valid(path, version):
    for document in read(path).values():
        kubernetes_validate.validate(document, version, strict=True)


def test_schemas_detect_errors(base):
    wrong = base["Deployment"] | {"spec": base["Deployment"]["spec"] | {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@has_kustomize
def test_rendered_manifests_are_valid_and_complete(everything):
    for folder in (ROOT / "base", ROOT / "overlays/gpu", everything):
        for document in (found := rendered(folder)).values():
            kubernetes_validate.validate(document, VERSIONS[-1], strict=True)
            assert document["kind"] == "Namespace" or document["metadata"]["namespace"] == "ganvas"
    deployment = found["Deployment"]
    spec = container(deployment)
    assert spec["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert spec["image"] == "ganvas:gpu"
    assert environment(deployment).keys() == {"GANVAS_DRAIN_S", "GANVAS_WORKERS", "GANVAS_ENGINE"}
    assert {mount["mountPath"] for mount in spec["volumeMounts"]} == {"/tmp", "/app/models"}
    assert spec["securityContext"]["readOnlyRootFilesystem"]
    claims = [volume.get("persistentVolumeClaim", {}) for volume in deployment["spec"]["template"]["spec"]["volumes"]]
    assert {"claimName": found["PersistentVolumeClaim"]["metadata"]["name"], "readOnly": True} in claims


@has_kustomize
def test_images_are_set_where_the_comments_say(tmp_path):
    shutil.copytree(ROOT, tmp_path, dirs_exist_ok=True)

    def image(folder):
        return container(rendered(tmp_path / folder)["Deployment"])["image"]

    def edit(name, old, new):
        text = (tmp_path / name).read_text()
        assert text.count(old) == 1
        (tmp_path / name).write_text(text.replace(old, new))

    edit("base/kustomization.yaml", "newName: ganvas, newTag: latest", "newName: registry:5000/ours, newTag: '1.4'")
    assert (image("base"), image("overlays/gpu")) == ("registry:5000/ours:1.4", "ganvas:gpu")
    edit("overlays/gpu/gpu.yaml", "image: ganvas:gpu", "image: registry:5000/ours:1.4-gpu")
    assert (image("base"), image("overlays/gpu")) == ("registry:5000/ours:1.4", "registry:5000/ours:1.4-gpu")


@has_kustomize
@pytest.mark.parametrize("under", ["base", "overlays/gpu"])
def test_overlay_of_a_user_can_set_the_image(under, tmp_path):
    shutil.copytree(ROOT, tmp_path, dirs_exist_ok=True)
    (tmp_path / "own").mkdir()
    kustomization = {
        "resources": [f"../{under}"],
        "images": [{"name": "ganvas", "newName": "quay.io/ours", "newTag": "2"}],
    }
    (tmp_path / "own/kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    assert container(rendered(tmp_path / "own")["Deployment"])["image"] == "quay.io/ours:2"


def test_all_files_are_used(base):
    used = {path for file in ROOT.rglob("kustomization.yaml") for path in named(file)}
    assert used == {*WHOLE, *PATCHES, ROOT / "base"}


def named(kustomization: Path) -> list[Path]:
    document = yaml.safe_load(kustomization.read_text())
    names = document.get("resources", []) + [patch["path"] for patch in document.get("patches", [])]
    return [(kustomization.parent / name).resolve() for name in names]


def test_selectors_match_the_pods(base):
    pod = base["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    selectors = [base["Service"]["spec"]["selector"], base["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
    selectors += [base[kind]["spec"]["selector"]["matchLabels"] for kind in ("Deployment", "PodDisruptionBudget")]
    selectors += [spread["labelSelector"]["matchLabels"] for spread in pod["spec"]["topologySpreadConstraints"]]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels.items()


def test_names_refer_to_the_same_deployment_and_container(base):
    name = base["Deployment"]["metadata"]["name"]
    target = base["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", name)
    for patch in map(read, PATCHES):
        assert patch["Deployment"]["metadata"]["name"] == name
        assert container(patch["Deployment"])["name"] == container(base["Deployment"])["name"]


def test_pods_have_no_service_links(base):
    """The links of the Service `ganvas` are variables with the prefix of the settings, such as GANVAS_PORT."""
    assert base["Deployment"]["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_ports_probes_and_scrapes_reach_the_service(base, client):
    spec = container(base["Deployment"])
    (port,) = spec["ports"]
    probes = [spec[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    assert {probe["port"] for probe in probes} == {port["name"]}
    annotations = base["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port["containerPort"])
    for path in {probe["path"] for probe in probes} | {annotations["prometheus.io/path"]}:
        assert client.get(path).status_code == 200
    assert spec["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert [one["targetPort"] for one in base["Service"]["spec"]["ports"]] == [port["name"]]
    assert [one["ports"][0]["port"] for one in base["NetworkPolicy"]["spec"]["ingress"]] == [port["name"]]


def test_variables_are_settings_and_pods_finish_their_requests(base):
    for manifest in (base, *map(read, PATCHES)):
        variables = environment(manifest["Deployment"])
        settings = Settings.model_validate(
            {name.removeprefix("GANVAS_").lower(): variables[name] for name in variables}
        )
        assert all(name.startswith("GANVAS_") for name in variables)
    settings = Settings(drain_s=environment(base["Deployment"])["GANVAS_DRAIN_S"])
    probe, pod = container(base["Deployment"])["readinessProbe"], base["Deployment"]["spec"]["template"]["spec"]
    assert settings.drain_s > probe["periodSeconds"] * probe["failureThreshold"]
    assert pod["terminationGracePeriodSeconds"] > settings.drain_s + settings.deadline_s + 1


def test_metric_of_the_autoscaler_is_exported_and_adapted(base, client):
    client.get("/v1/models/tiny/sample?seed=1")
    (metric,) = (one["pods"]["metric"]["name"] for one in base["HorizontalPodAutoscaler"]["spec"]["metrics"][:1])
    assert re.search(rf"^{metric}\{{", client.get("/metrics").text, re.MULTILINE)
    (rule,) = yaml.safe_load((ROOT / "prometheus-adapter/values.yaml").read_text())["rules"]["custom"]
    assert rule["seriesQuery"].startswith(metric + "{")
    assert rule["name"] == {"matches": metric, "as": metric}


def test_manifests_match_the_image(base):
    image = (ROOT.parents[1] / "Dockerfile").read_text()
    pod = base["Deployment"]["spec"]["template"]["spec"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in image
    assert f"GANVAS_PORT={container(base['Deployment'])['ports'][0]['containerPort']} " in image
    (mount,) = container(read(PATCHES[1])["Deployment"])["volumeMounts"]
    assert f"GANVAS_MODELS_DIR={mount['mountPath']}\n" in image
