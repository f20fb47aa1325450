"""Comparing the benchmarks of two checkouts."""

from tests.benchmark import compare
from tests.benchmark.client_requests import Load
from tests.benchmark.peer_comparison import Outcome
from tests.benchmark.report import as_json
from tests.benchmark.targets import SERVICE


def test_rates_are_those_of_the_service():
    outcome = Outcome("mnist-gan", bounds=[1000.0])
    outcome.loads[SERVICE, 1] = [Load(500.0, 1.0, 2.0, 0)]
    outcome.loads["other", 1] = [Load(400.0, 1.0, 2.0, 0)]
    outcome.peaks_mib = {SERVICE: 100.0, "other": 100.0}
    document = as_json("python", {"mnist-gan": outcome}, {}, [])
    assert compare.rates(document) == {("mnist-gan", 1): 500.0}


def test_table_has_the_ratio_of_the_medians():
    before, after = {("mnist-gan", 1): [100.0, 900.0, 110.0]}, {("mnist-gan", 1): [99.0, 1.0, 120.0]}
    assert compare.table(before, after).splitlines()[-1] == "| mnist-gan | 1 | 110 | 99 | 0.900 |"
