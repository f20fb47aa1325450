import json
import os

from service.repository import peers
from service.repository.peers import Peers


def test_a_report_that_a_full_disk_refused_is_written_later(tmp_path, monkeypatch):
    workers, own = Peers(tmp_path), tmp_path / f"{os.getpid()}.state"

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "write_bytes", full)
        workers.report(True, {})
    assert not own.exists()
    workers.report(True, {"tiny@1": 5.0})
    assert json.loads(own.read_text()) == {"ready": True, "verified": {"tiny@1": 5.0}}


def test_peers_know_which_workers_are_ready_and_which_have_died(tmp_path):
    def report(pid, is_ready, **verified):
        (tmp_path / f"{pid}.state").write_text(json.dumps({"ready": is_ready, "verified": verified}))

    workers = Peers(tmp_path)
    workers.report(True, {})
    assert workers.all_ready()
    assert not workers.any_ready()  # of the others there is none
    parent, dead = os.getppid(), 4194303  # above the largest process id that Linux gives by default
    report(parent, False)
    assert not workers.all_ready()
    report(parent, True)
    assert workers.all_ready()
    assert workers.any_ready()
    report(dead, False)
    assert workers.all_ready()
    assert workers.dead() == [dead]
    assert workers.dead() == []
    assert (tmp_path / f"{parent}.state").exists()


def test_a_dead_worker_is_reported_once_when_two_workers_look_at_the_same_moment(tmp_path, monkeypatch):
    (tmp_path / "4194303.state").write_text("{}")
    one, other = Peers(tmp_path), Peers(tmp_path)
    named, lives = list[int](), peers._lives

    def meanwhile(pid):
        monkeypatch.setattr(peers, "_lives", lives)
        named.extend(other.dead())
        return lives(pid)

    monkeypatch.setattr(peers, "_lives", meanwhile)
    assert one.dead() + named == [4194303]


def test_a_version_is_verified_since_the_last_of_the_others_verified_it(tmp_path):
    others = [os.getppid(), 1]  # processes that live
    workers = Peers(tmp_path)
    assert workers.verified_since("tiny@1") == 0.0  # there are no others
    for pid, verified in zip(others, ({"tiny@1": 3.0}, {}), strict=True):
        (tmp_path / f"{pid}.state").write_text(json.dumps({"ready": True, "verified": verified}))
    assert workers.verified_since("tiny@1") is None
    (tmp_path / "1.state").write_text(json.dumps({"ready": True, "verified": {"tiny@1": 8.0}}))
    assert workers.verified_since("tiny@1") == 8.0
