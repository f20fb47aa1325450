import io

from service.batch import progress
from service.batch.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_tells_how_far_it_is_how_fast_and_how_long_yet(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = Progress(10_000, 2_000, stream=io.StringIO())
    now[0] += 2.0
    shown.add(1_000)
    assert shown.line() == "[#######                 ] 3,000 of 10,000, 500.0 images/s, 0:14 left"
    now[0] += 7198.0
    assert shown.line().endswith("3,000 of 10,000, 0.1 images/s, 14:00:00 left")


def test_a_terminal_sees_one_line_that_changes_and_warnings_above_it():
    terminal = Terminal()
    with Progress(2, stream=terminal, warnings=["old"]) as shown:
        shown.add()
        shown.say("passed over a.png: why")
        shown.add()
    lines = terminal.getvalue().split("\n")
    assert lines[0] == "warning: old"
    assert lines[1].endswith("passed over a.png: why")
    assert "2 of 2" in lines[2].split("\r")[-1]


def test_a_file_sees_a_line_every_half_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    file = io.StringIO()
    with Progress(600, stream=file) as shown:
        for _ in range(600):
            now[0] += 0.125
            shown.add()
    assert len(file.getvalue().splitlines()) == 2
