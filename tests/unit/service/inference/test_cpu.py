import pytest

from service.inference import cpu


@pytest.mark.parametrize(("quota", "cores"), [(None, 8), (0.5, 1), (2.0, 2), (3.9, 3), (64.0, 8)])
def test_cores_are_limited_by_affinity_and_by_the_container_s_quota(monkeypatch, quota, cores):
    monkeypatch.setattr(cpu.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cpu, "_cgroup_quota", lambda: quota)
    assert cpu.available_cores() == cores
