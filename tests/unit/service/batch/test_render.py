import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import pytest

from service.batch.errors import BatchError
from service.batch.render import Seeds
from service.batch.sinks import FolderSink
from service.pipelines.latents import SEED_LIMIT
from tests import builders
from tests.unit.service.batch.conftest import held


@pytest.mark.parametrize("model", ["tiny", "colour", "classes"])
@pytest.mark.parametrize("out", ["generated", "generated.zip"])
def test_each_file_has_the_bytes_that_the_api_gives(client, run, tmp_path, model, out):
    code, output, _ = run("render", model, "--seeds", "3:40", "--out", tmp_path / out)
    assert code == 0
    assert "37 images written" in output
    files = held(tmp_path / out)
    assert sorted(files) == [f"{seed:09d}.png" for seed in range(3, 40)]
    for seed in range(3, 40):
        assert files[f"{seed:09d}.png"] == client.get(f"/v1/models/{model}/sample?seed={seed}").content


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (["--class", "star"], "class=star"),
        (["--class", "2", "--truncation", "0.5"], "class=2&truncation=0.5"),
        (["--format", "jpeg"], "format=jpeg"),
        (["--format", "webp", "--truncation", "0.25"], "format=webp&truncation=0.25"),
    ],
)
def test_options_are_those_of_the_api(client, run, tmp_path, options, query):
    assert run("render", "classes@1", "--seeds", "9007199254740993", "--out", tmp_path / "out", *options)[0] == 0
    (data,) = held(tmp_path / "out").values()
    assert data == client.get(f"/v1/models/classes/sample?seed=9007199254740993&{query}").content


def test_metadata_are_left_out_if_the_setting_excludes_them(run, tmp_path, monkeypatch):
    monkeypatch.setenv("GANVAS_METADATA", "false")
    assert run("render", "tiny", "--seeds", "1", "--out", tmp_path / "out")[0] == 0
    (data,) = held(tmp_path / "out").values()
    assert b"Ganvas" not in data


@pytest.mark.parametrize("out", ["out", "out.zip"])
def test_a_finished_run_does_nothing_twice_and_a_larger_one_does_the_rest(run, tmp_path, out, monkeypatch):
    target = tmp_path / out
    assert run("render", "tiny", "--seeds", "0:20", "--out", target)[0] == 0
    before = held(target)
    written = []
    for kind in ("FolderSink", "ZipSink"):
        monkeypatch.setattr(f"service.batch.sinks.{kind}.write", counting(kind, written))
    code, output, _ = run("render", "tiny", "--seeds", "0:20", "--out", target)
    assert (code, written) == (0, [])
    assert "0 images written" in output
    assert "20 existed already" in output
    assert held(target) == before
    assert run("render", "tiny", "--seeds", "25,10:23", "--out", target)[0] == 0
    assert sorted(written) == [f"{seed:09d}.png" for seed in (20, 21, 22, 25)]
    assert held(target).items() > before.items()
    assert len(held(target)) == 24


def counting(kind, written):
    import service.batch.sinks as sinks

    real = getattr(sinks, kind).write

    def write(self, name, data):
        written.append(name)
        real(self, name, data)

    return write


@pytest.mark.parametrize("out", ["out", "out.zip"])
def test_a_killed_run_resumes_at_its_last_image(tmp_path, out):
    models, target = tmp_path / "models", tmp_path / out
    builders.write_package(models, "slow", generator=builders.slow_graph(50), discriminator=None)
    command = [sys.executable, "-m", "service", "render", "slow", "--seeds", "0:60", "--out", str(target)]
    environment = os.environ | {"GANVAS_MODELS_DIR": str(models), "GANVAS_MAX_BATCH_SIZE": "2", "GANVAS_INSTANCES": "1"}
    growing = target if out == "out" else tmp_path / "out.zip.partial"
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    while size(growing) < 6 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    saved = size(growing)
    assert 6 <= saved < 60
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    output = done.stdout.split()
    made, before = int(output[0]), int(output[output.index("existed") - 1])
    assert made + before == 60
    assert before >= saved - 2  # what was being written is made again, the rest is not
    files = held(target)
    assert len(files) == 60
    assert len(set(files.values())) == 60
    again = tmp_path / "again"
    subprocess.run([*command[:-1], str(again)], env=environment, check=True, capture_output=True)
    assert files == held(again)


def size(growing) -> int:
    """Images so far, about."""
    if growing.is_dir():
        return len(list(growing.glob("[0-9]*.png")))
    return growing.read_bytes().count(b"IEND") if growing.exists() else 0


@pytest.mark.parametrize("cut", [1, 20, 60, 300])
def test_a_zip_that_was_cut_off_anywhere_is_resumed(run, tmp_path, cut):
    target, partial = tmp_path / "out.zip", tmp_path / "out.zip.partial"
    run("render", "tiny", "--seeds", "0:9", "--out", target)
    whole = held(target)
    with zipfile.ZipFile(target) as archive:
        end = archive.start_dir
    partial.write_bytes(target.read_bytes()[: end - cut])
    target.unlink()
    code, output, _ = run("render", "tiny", "--seeds", "0:9", "--out", target)
    assert code == 0
    assert "1 images written" in output or "2 images written" in output
    assert held(target) == whole
    assert not partial.exists()


def test_what_a_killed_run_left_half_written_is_removed(run, tmp_path):
    run("render", "tiny", "--seeds", "0", "--out", tmp_path)
    (tmp_path / ".000000001.png.partial").write_bytes(b"half")
    run("render", "tiny", "--seeds", "0:2", "--out", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".ganvas.json", "000000000.png", "000000001.png"]


@pytest.mark.parametrize("out", ["out", "out.zip"])
@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (["classes", "--class", "star"], ["classes", "--class", "circle"], 'started with class "star"'),
        (["classes", "--class", "0"], ["classes"], 'class "circle", but this run has omitted'),
        (["tiny"], ["tiny", "--truncation", "0.5"], "started with truncation 1.0"),
        (["tiny"], ["colour"], 'started with model "tiny@1"'),
        (["tiny"], ["tiny", "--format", "webp"], 'started with format "png"'),
    ],
)
def test_a_run_never_mixes_with_another(run, tmp_path, out, first, second, message):
    assert run("render", *first, "--seeds", "0:2", "--out", tmp_path / out)[0] == 0
    code, _, error = run("render", *second, "--seeds", "0:4", "--out", tmp_path / out)
    assert code == 2
    assert message in error
    assert len(held(tmp_path / out)) == 2


def test_a_class_by_its_index_is_the_same_run_as_by_its_name(run, tmp_path):
    assert run("render", "classes", "--class", "2", "--seeds", "0:2", "--out", tmp_path / "out")[0] == 0
    assert run("render", "classes", "--class", "star", "--seeds", "0:4", "--out", tmp_path / "out")[0] == 0


def test_files_of_others_are_left_alone(run, tmp_path):
    (tmp_path / "holiday.png").write_bytes(b"mine")
    with zipfile.ZipFile(tmp_path / "theirs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "a" * 1000)
    (tmp_path / "no.zip").write_bytes(b"no zip")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for out in (tmp_path, tmp_path / "theirs.zip", tmp_path / "no.zip", tmp_path / "holiday.png"):
        code, _, error = run("render", "tiny", "--seeds", "0:4", "--out", out)
        assert code == 2, out
        assert error.startswith("error: ")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("out", ["out", "out.zip"])
def test_two_runs_do_not_write_into_one_place(run, tmp_path, out):
    from service.batch.sinks import opened

    with opened(tmp_path / out, {"model": "tiny@1"}):
        code, _, error = run("render", "tiny", "--seeds", "0:4", "--out", tmp_path / out)
    assert code == 2
    assert "another run is writing" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing", "--seeds", "1"], "there is no model 'nothing'"),
        (["tiny@7", "--seeds", "1"], "there is no model 'tiny@7'"),
        (["../tiny", "--seeds", "1"], "there is no model"),
        (["darker", "--seeds", "1"], "darker@1 translates images"),
        (["tiny", "--seeds", "ten"], "--seeds must be like"),
        (["tiny", "--seeds", "5:5"], "--seeds has '5:5'"),
        (["tiny", "--seeds", "1,"], "--seeds must be like"),
        (["tiny", "--seeds", "9223372036854775808"], "at most at 2^63"),
        (["tiny", "--seeds", "1", "--truncation", "0"], "--truncation must be above 0"),
        (["tiny", "--seeds", "1", "--truncation", "nan"], "--truncation must be above 0"),
        (["tiny", "--seeds", "1", "--class", "7"], "has no classes"),
        (["classes", "--seeds", "1", "--class", "cross"], "no class 'cross'"),
    ],
)
def test_bad_input_is_one_clear_sentence(run, tmp_path, words, message):
    code, out, error = run("render", *words, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_full_disk_ends_the_run_with_a_sentence(run, tmp_path, monkeypatch):
    real = FolderSink.write

    def write(self, name, data):
        if name == "000000020.png":
            raise OSError(28, "No space left on device")
        real(self, name, data)

    monkeypatch.setattr(FolderSink, "write", write)
    code, _, error = run("render", "tiny", "--seeds", "0:400", "--out", tmp_path / "out")
    assert code == 2
    assert error.splitlines()[-1] == "error: [Errno 28] No space left on device"


def test_a_broken_new_version_is_passed_over_as_the_service_does(run, tmp_path, monkeypatch):
    builders.write_package(tmp_path / "models", "tiny", 1)
    broken = builders.write_package(tmp_path / "models", "tiny", 2)
    (broken / "generator.onnx").write_bytes(b"broken")
    monkeypatch.setenv("GANVAS_MODELS_DIR", str(tmp_path / "models"))
    code, _, error = run("render", "tiny", "--seeds", "1", "--out", tmp_path / "out")
    assert code == 0
    assert "warning: tiny@2 is broken and skipped: generator.onnx has digest" in error
    assert json.loads((tmp_path / "out" / ".ganvas.json").read_text())["model"] == "tiny@1"
    code, _, error = run("render", "tiny@2", "--seeds", "1", "--out", tmp_path / "out2")
    assert code == 2
    assert error.startswith("error: tiny@2 is broken: generator.onnx")


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", [7]),
        ("2:5", [2, 3, 4]),
        ("8, 0:3,2:5,1", [0, 1, 2, 3, 4, 8]),
        (f"{SEED_LIMIT - 1}", [SEED_LIMIT - 1]),
    ],
)
def test_seeds_are_read_and_none_comes_twice(text, seeds):
    assert list(Seeds(text)) == seeds
    assert len(Seeds(text)) == len(seeds)


@pytest.mark.parametrize("text", ["", "-1", "a:b", "3:", ":3", "1:2:3", "0x10", "٣"])
def test_other_seeds_are_refused(text):
    with pytest.raises(BatchError, match="--seeds"):
        Seeds(text)
