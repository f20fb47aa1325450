"""The CPU cores that this process may use."""

import os
from pathlib import Path


def available_cores() -> int:
    """Number of cores, by affinity and by the quota of cgroup v2 or v1; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota = _cgroup_quota()
    return max(1, min(cores, int(quota))) if quota else cores


def _cgroup_quota() -> float | None:
    """Cores that the container may use; None without a quota."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        v1 = Path("/sys/fs/cgroup/cpu")
        limit_us, period_us = (int((v1 / f"cpu.cfs_{n}_us").read_text()) for n in ("quota", "period"))
        return limit_us / period_us if limit_us > 0 else None
    except (OSError, ValueError):
        return None
