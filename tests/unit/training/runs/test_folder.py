"""Files of a run are whole at any moment."""

import json

import pytest

from training.loop import journal
from training.runs import files


def test_lines_after_the_resumed_step_are_dropped_and_other_files_left_alone(tmp_path):
    lines = "".join(json.dumps({"step": step}) + "\n" for step in (1, 2, 3))
    for name in ("metrics", "alarms"):
        (tmp_path / f"{name}.jsonl").write_text(lines + '{"st' * (name == "alarms"))
    before = (tmp_path / "metrics.jsonl").stat().st_ino
    for name, step in (("metrics", 3), ("alarms", 2), ("snapshots", 2)):
        journal._drop_after(tmp_path, name, step)
    assert (tmp_path / "metrics.jsonl").stat().st_ino == before
    assert [line["step"] for line in journal.read(tmp_path, "alarms")] == [1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alarms.jsonl", "metrics.jsonl"]


def test_a_full_disk_leaves_the_file_before_whole(tmp_path, monkeypatch):
    path = tmp_path / "best.json"
    files.write_json(path, {"step": 1})

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        files.write_json(path, {"step": 2})
    assert json.loads(path.read_text()) == {"step": 1}
    assert [item.name for item in tmp_path.iterdir()] == ["best.json"]
