import json
import subprocess
import sys

SCRIPT = """
import logging
from service.telemetry import logs
logs.configure("INFO")
logging.getLogger("a").debug("not said")
logging.getLogger("a").info("before", extra={"model": "tiny@1"})
logs.request_id.set("my-id")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("b").exception("a line\\nbreak")
"""


def test_each_line_is_one_json_object_with_the_request_s_id():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    first, second = (json.loads(line) for line in done.stderr.splitlines())
    assert (first["level"], first["logger"], first["message"], first["model"]) == ("INFO", "a", "before", "tiny@1")
    assert first["request_id"] is None
    assert (second["level"], second["request_id"], second["message"]) == ("ERROR", "my-id", "a line\nbreak")
    assert any("ZeroDivisionError" in line for line in second["exc_info"])
    assert first["time"]


def test_every_request_is_one_line_with_its_route_status_and_time(client, caplog):
    with caplog.at_level("INFO", logger="service.access"):
        client.get("/v1/models/tiny/sample?seed=1")
        client.get("/nothing/" + "x" * 500)
    good, bad = (record for record in caplog.records if record.name == "service.access")
    assert (good.method, good.route, good.status) == ("GET", "/v1/models/{model}/sample", 200)
    assert good.ms > 0
    assert (bad.route, bad.status) == ("unmatched", 404)
    assert len(bad.path) == 200
