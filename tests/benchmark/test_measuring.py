"""The parts of `make bench`: who is asked for what, who makes the load, and what is made of the figures."""

import os
import sys
import time

import pytest

from tests import builders
from tests.benchmark import engines, goals, load, processes, wrk
from tests.benchmark.client_requests import ClientRequest, Load
from tests.benchmark.environments import requirements
from tests.benchmark.peer_comparison import Outcome, Plan
from tests.benchmark.registry import PEERS
from tests.benchmark.report import rows, table
from tests.benchmark.targets import SERVICE

GENERATORS = [
    pytest.param(load.load, id="python"),
    pytest.param(wrk.load, id="wrk", marks=pytest.mark.skipif(not wrk.is_installed(), reason="wrk is not installed")),
]
JPEG = b"\xff\xd8 an image \xff\xd9"


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_load_counts_what_was_good(generator, port):
    found = generator(port, ClientRequest("/v1/models/tiny/sample?seed={seed}"), 2, 1.0)
    assert found.rate > 0
    assert found.failures == 0
    assert 0 < found.p50_ms <= found.p99_ms


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_load_counts_what_was_refused(generator, port):
    found = generator(port, ClientRequest("/v1/models/nobody/sample?seed={seed}"), 2, 1.0)
    assert found.failures > 0
    assert found.rate == 0


@pytest.mark.parametrize("generator", GENERATORS)
def test_seeds_are_filled_into_bodies(generator, port):
    # A body in which the name of the seed still stood would be refused.
    request = ClientRequest(
        "/v1/models/tiny/sample", "POST", {"Content-Type": "application/json"}, b'{"seeds": [{seed}]}'
    )
    found = generator(port, request, 2, 1.0, first_seed=7)
    assert found.rate > 0
    assert found.failures == 0


def test_a_seed_stands_in_path_and_body():
    sent = ClientRequest("/generate?seed={seed}", "POST", {"A": "b"}, b'{"seed": {seed}}').encode(12)
    assert sent.startswith(b"POST /generate?seed=12 HTTP/1.1\r\n")
    assert sent.endswith(b'A: b\r\nContent-Length: 12\r\n\r\n{"seed": 12}')


@pytest.mark.parametrize("peer", [peer for peer in PEERS.values() if peer.own_environment], ids=lambda peer: peer.name)
def test_what_a_peer_needs_is_pinned(peer):
    assert all("==" in needed for needed in requirements(peer))
    assert any(needed.startswith("onnxruntime==") for needed in requirements(peer))


@pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
def test_each_peer_is_asked_for_a_seed_and_for_a_translation(peer):
    assert peer.generate.encode(1) != peer.generate.encode(2)
    asked = peer.translate(JPEG)
    assert asked.encode(1) == asked.encode(2)
    assert asked.method == "POST"


def test_images_are_found_in_answers():
    binary = b'{"outputs":[{"name":"images"}]}' + len(JPEG).to_bytes(4, "little") + JPEG
    assert PEERS["pytriton"].generate.image(binary) == JPEG
    assert PEERS["mlserver"].generate.image(b'{"outputs":[{"data":["/9g="]}]}') == b"\xff\xd8"
    assert PEERS["bentoml"].generate.image(b'["/9g="]') == b"\xff\xd8"


def outcome(ours: float, peer: float) -> Outcome:
    """Two turns, in the second of which everything was half as fast."""
    found = Outcome("dcgan-64", [600.0, 300.0], absent={"litserve": "cannot be installed"})
    for name, rate in ((SERVICE, ours), ("fastapi", peer)):
        found.loads[name, 64] = [Load(rate, 10.0, 15.0, 0), Load(rate / 2, 10.0, 15.0, 1)]
    return found


def test_shares_are_of_the_same_turn():
    (ours, theirs) = rows(outcome(570.0, 300.0))
    assert ours.share == pytest.approx(0.95)
    assert ours.to_best_peer == pytest.approx(1.9)
    assert ours.failures == 1
    assert theirs.to_best_peer == 1.0


def test_the_table_names_who_is_missing():
    assert "litserve     not measured: cannot be installed" in table(outcome(570.0, 300.0))


@pytest.mark.parametrize(("ours", "verdicts"), [(570.0, ["met", "met"]), (400.0, ["NOT MET", "NOT MET"])])
def test_goals_are_compared_with_what_was_measured(ours, verdicts):
    evaluated = goals.evaluate({"dcgan-64": outcome(ours, 300.0)}, {"ready s, generators": 1.0})
    assert [goal.verdict for goal in evaluated[:2]] == verdicts
    by_name = {(goal.about, goal.wanted): goal.verdict for goal in evaluated}
    assert by_name["start", "<= 2 s until ready, generators"] == "met"
    assert by_name["MLP GAN, 64 connections", ">= 2 x the best peer"] == "not measured"


def test_a_point_is_longer_if_answers_are_slow():
    plan = Plan(2.0, 1, (1, 64), load.load)
    assert plan.seconds_of(64, 10_000.0) == 2.0
    assert plan.seconds_of(64, 64.0) == 5.0
    assert plan.seconds_of(64, 1.0) == 12.0


def test_what_a_command_has_started_ends_with_it(tmp_path):
    script = "import subprocess, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    with processes.started([sys.executable, "-c", script], os.environ, tmp_path) as (process, watch):
        ends = time.monotonic() + 20
        while len(found := processes.tree(process.pid)) < 2 and time.monotonic() < ends:
            time.sleep(0.05)
        assert len(found) == 2
        assert watch.resident_mib() > 1
    assert watch.peak_mib > 1
    assert all(processes.resident_kib(pid.number) == 0 for pid in found)


def test_engines_are_held_beside_onnxruntime_s_own(tmp_path, monkeypatch, capsys):
    builders.write_package(tmp_path)
    builders.write_translator(tmp_path, "stylised", builders.stylising_graph())
    names = [folder.name for folder in sorted(tmp_path.iterdir())]
    monkeypatch.setattr(sys, "argv", ["engines", "--models", str(tmp_path), "--turns", "1", "--names", *names])
    engines.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert {line[0] for line in lines} == set(names)
    assert {line[1] for line in lines} == {"1", "16"}
    # Here all of them are ONNX Runtime's own.
    assert {line[-1] for line in lines} == {"inf"}
    assert all(float(line[5]) > 0.0 for line in lines)
