"""Prometheus' rules and Grafana's dashboard: they parse, fire when they should, and ask for numbers that there are."""

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
@pytest.mark.parametrize("words", [("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")])
def test_promtool_finds_nothing_wrong(words):
    done = subprocess.run([str(PROMTOOL), *words], cwd=RULES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_every_number_that_is_asked_for_is_told(client):
    client.get("/v1/models/tiny/sample?seed=1")
    client.get("/v1/models/none/sample")
    told = set(re.findall(r"^(ganvas_[a-z_]+)", client.get("/metrics").text, re.MULTILINE))
    rules = re.sub("description:.*", "", (RULES / "rules.yml").read_text())
    asked = set(re.findall(r"\bganvas_[a-z_]+", rules + "".join(expressions())))
    assert asked
    assert asked <= told


def test_every_alarm_is_tested_and_says_what_to_do():
    rules, tests = ((RULES / name).read_text() for name in ("rules.yml", "rules_test.yml"))
    alarms = re.findall(r"- alert: (\w+)", rules)
    assert len(alarms) == rules.count("description:") >= 5
    for alarm in alarms:
        assert f"alertname: {alarm}" in tests


def test_panels_do_not_lie_over_each_other():
    panels = [panel["gridPos"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    cells = [(x, y) for p in panels for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert all(p["x"] + p["w"] <= 24 for p in panels)
