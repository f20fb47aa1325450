"""Prometheus' rules and Grafana's dashboard: they parse, fire as expected, and use existing metrics."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

RULES, DASHBOARD = Path("deploy/prometheus"), Path("deploy/grafana/dashboards/ganvas.json")
PROMTOOL = shutil.which("promtool")
has_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus")


@has_promtool
@pytest.mark.parametrize("arguments", [("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")])
def test_promtool_accepts_the_configuration(arguments):
    done = subprocess.run([str(PROMTOOL), *arguments], cwd=RULES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_all_queried_metrics_exist(client):
    client.get("/v1/models/tiny/sample?seed=1")
    client.get("/v1/models/none/sample")
    exported = set(re.findall(r"^(ganvas_[a-z_]+)", client.get("/metrics").text, re.MULTILINE))
    rules = re.sub("description:.*", "", (RULES / "rules.yml").read_text())
    queried = set(re.findall(r"\bganvas_[a-z_]+", rules + "".join(expressions())))
    assert queried
    assert queried <= exported


def test_each_alert_has_a_test_and_a_description():
    rules, tests = ((RULES / name).read_text() for name in ("rules.yml", "rules_test.yml"))
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert len(alerts) == rules.count("description:") >= 5
    for alert in alerts:
        assert f"alertname: {alert}" in tests


def test_panels_do_not_overlap():
    panels = [panel["gridPos"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    cells = [(x, y) for p in panels for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert all(p["x"] + p["w"] <= 24 for p in panels)
