"""The Python client against a real server."""

import ast
import asyncio
import inspect
import io
import json
import re
import runpy
from pathlib import Path

import ganvas_client
import httpx
import numpy as np
import pytest
from ganvas_client import (
    AsyncClient,
    BrokenAnswer,
    Client,
    ConnectionFailed,
    Invalid,
    NotFound,
    NotSupported,
    ProblemError,
    RateLimited,
    Retries,
    ServerError,
    TimedOut,
    Unauthorized,
    Unavailable,
    direction,
    mean,
    seed,
    token,
    vector,
)
from ganvas_client import client as sync_module
from PIL import Image

from tests import builders
from tests.conftest import listening
from tests.server import running

ROOT = Path(__file__).parents[2]


class Both:
    """Calls a method of both clients and compares their results."""

    def __init__(self, url: str, **options) -> None:
        self.url, self.options = url, options

    def __getattr__(self, name):
        def call(*args, **kwargs):
            async def run():
                async with AsyncClient(self.url, **self.options) as other:
                    if name == "stream":
                        return [frame async for frame in other.stream(*args, **kwargs)]
                    return await getattr(other, name)(*args, **kwargs)

            with Client(self.url, **self.options) as client:
                try:
                    result = getattr(client, name)(*args, **kwargs)
                    result = list(result) if name == "stream" else result
                except ProblemError as error:
                    with pytest.raises(type(error), match=re.escape(str(error))):
                        asyncio.run(run())
                    raise
            other = asyncio.run(run())
            assert comparable(other) == comparable(result)
            return result

        return call


def comparable(result):
    return result.tobytes() if isinstance(result, Image.Image) else result


@pytest.fixture(scope="module")
def ganvas(port):
    return Both(f"http://127.0.0.1:{port}")


def png(client, query: str) -> bytes:
    return client.get(f"/v1/models/{query}").content


def test_first_example_of_the_readme_runs(tmp_path, monkeypatch):
    readme = (ROOT / "clients/python/README.md").read_text()
    lines = re.findall(r"\n((?:(?:    .*)?\n)+)", readme)[0]
    script = "\n".join(line[4:] for line in lines.splitlines())
    assert len([line for line in script.splitlines() if line]) <= 5
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda image: shown.append(image))
    monkeypatch.chdir(tmp_path)
    with running(ROOT / "models", GANVAS_MODELS="mnist-gan") as server:
        (tmp_path / "first.py").write_text(script.replace("http://localhost:8000", server.url))
        runpy.run_path(str(tmp_path / "first.py"))
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (112, 112)
    assert [image.size for image in shown] == [(28, 28)]


def test_other_examples_of_the_readme_name_existing_methods():
    readme = (ROOT / "clients/python/README.md").read_text()
    for block in re.findall(r"\n((?:    .*\n)+)", readme):
        script = "\n".join(line[4:] for line in block.splitlines())
        if "pip install" not in script:
            for method in re.findall(r"ganvas\.(\w+)\(", script):
                assert hasattr(Client, method)
            ast.parse(script)


def test_sample_returns_the_images_of_the_api(ganvas, client):
    response = ganvas.sample("tiny", seeds=[7, 8])
    assert response.model == "tiny@1"
    assert [image.seed for image in response] == [7, 8]
    assert [image.data for image in response] == [png(client, f"tiny/sample?seed={n}") for n in (7, 8)]
    assert response.image.size == response.images[1].size == (12, 12)
    again = ganvas.sample("tiny", latents=[image.latent for image in response])
    assert [np.asarray(own).tolist() for own in again.images] == [np.asarray(own).tolist() for own in response.images]
    assert len(ganvas.sample("tiny@1", seeds=range(5), truncation=0.5)[1:3]) == 2


def test_n_random_images(port):
    with Client(f"http://127.0.0.1:{port}") as client:
        assert len({image.seed for image in client.sample("tiny", 5)}) == 5
        assert len(client.sample("tiny")) == 1


@pytest.mark.parametrize("class_", [2, "star", {"star": 0.5, "circle": 0.5}])
def test_classes(ganvas, class_):
    response = ganvas.sample("classes", seeds=[1], class_=class_)
    expected = {"circle": 0.5, "star": 0.5} if isinstance(class_, dict) else "star"
    assert response[0].class_ == expected
    assert ganvas.sample("classes", latents=[seed(1, class_)])[0].image.tobytes() == response[0].image.tobytes()


def test_one_file_of_several_images(ganvas, client, tmp_path):
    file = ganvas.sample_file("tiny", seeds=[0, 1, 2], columns=3)
    assert file.image.size == (36, 12)
    assert (file.content_type, file.model, file.seeds) == ("image/png", "tiny@1", (0, 1, 2))
    assert file.data == png(client, "tiny/sample?seed=0&n=3&columns=3")
    file.save(tmp_path / "grid.png")
    assert ganvas.reproduce(tmp_path / "grid.png").data == file.data
    assert ganvas.reproduce(file.data, format="webp").content_type == "image/webp"
    pixels = np.load(io.BytesIO(ganvas.sample_file("tiny", seeds=[0, 1], format="npy").data))
    assert pixels.shape == (2, 12, 12, 1)


def test_interpolations(ganvas):
    frames = ganvas.interpolate("tiny", seed(1), seed(2), seed(3), steps=4, loop=True)
    assert len(frames) == 9
    streamed = ganvas.stream("tiny", seed(1), seed(2), seed(3), steps=4, loop=True)
    assert [(frame.index, frame.of, frame.model) for frame in streamed] == [(n, 9, "tiny@1") for n in range(9)]
    assert [frame.image.tobytes() for frame in streamed] == [image.tobytes() for image in frames.images]
    file = ganvas.interpolate_file("tiny", seed(1), vector([0.5] * 8), steps=5, method="lerp", fps=25)
    assert file.content_type == "image/gif"
    assert file.image.n_frames == 5
    strip = ganvas.interpolate_file("tiny", seed(1), seed(2), steps=6, format="png", columns=3)
    assert strip.image.size == (36, 24)
    with pytest.raises(ValueError, match="at least two latents"):
        ganvas.interpolate("tiny", seed(1))


def test_stream_can_be_closed_early(port):
    with Client(f"http://127.0.0.1:{port}") as client:
        frames = client.stream("tiny", seed(1), seed(2), steps=128)
        assert next(frames).index == 0
        frames.close()
        assert client.is_ready()


def test_arithmetic(ganvas, client):
    response = ganvas.arithmetic(
        "colour", mean(seed(1), seed(2)) - seed(3) + 2 * direction("smile"), variations=3, jitter=0.5, seed=4
    )
    body = {
        "terms": [{"weight": 1, "latents": [{"seed": 1}, {"seed": 2}]}, {"weight": -1, "latents": [{"seed": 3}]}],
        "directions": [{"name": "smile", "weight": 2}],
        "variations": 3,
        "jitter": 0.5,
        "seed": 4,
    }
    direct = client.post("/v1/models/colour/arithmetic?format=npy", json=body)
    pixels = np.load(io.BytesIO(direct.content))
    assert [np.asarray(image).tolist() for image in response.images] == pixels.tolist()
    assert ganvas.arithmetic("colour", seed(9)).image.tobytes() == ganvas.sample("colour", seeds=[9]).image.tobytes()
    grid = ganvas.arithmetic_file("classes", seed(1, 0) + seed(2, 1), class_="star", format="webp")
    assert grid.content_type == "image/webp"


def test_translate_takes_paths_bytes_and_images(ganvas, client, tmp_path):
    raw = builders.image_file(21, 17)
    (tmp_path / "a.png").write_bytes(raw)
    expected = client.post("/v1/models/darker/translate", content=raw).content
    with Image.open(io.BytesIO(raw)) as image:
        for upload in (raw, tmp_path / "a.png", str(tmp_path / "a.png"), image):
            response = ganvas.translate("darker", upload)
            assert response.data == expected
            assert response.cycle_error is None
    assert response.image.size == (21, 17)
    assert 0 <= ganvas.translate("darker", raw, cycle=True).cycle_error < 2
    with Image.open(io.BytesIO(raw)) as image:
        assert ganvas.translate("darker", image.convert("CMYK"), fit="resize").image.size == (21, 17)


def test_translate_several_at_once(ganvas):
    uploads = [builders.image_file(20 + n, 16, seed=n) for n in range(3)]
    translations = ganvas.translate_all("lighter", uploads, cycle=True)
    assert [response.image.size for response in translations] == [(20, 16), (21, 16), (22, 16)]
    assert all(response.cycle_error is not None for response in translations)
    assert (
        ganvas.translate_all("lighter", uploads[:1])[0].image.tobytes()
        == ganvas.translate("lighter", uploads[0]).image.tobytes()
    )


def test_discriminate_and_encode(ganvas):
    image = ganvas.sample("tiny", seeds=[3])[0]
    rating = ganvas.discriminate("tiny", image.image)
    assert rating.model == "tiny@1"
    assert 0 < rating.probability < 1
    assert ganvas.discriminate("critic", image.data).probability is None
    assert isinstance(ganvas.discriminate("classes", image.data, class_="star").score, float)
    latent = ganvas.encode("colour", image.data)
    assert latent == token(latent.text)
    assert len(ganvas.sample("colour", latents=[latent])) == 1


def test_models(ganvas):
    models = ganvas.models()
    assert "classes@1" in [card.reference for card in models]
    assert models.skipped == ()
    card = ganvas.model("classes")
    assert card.classes == ("circle", "square", "star")
    assert (card.image.width, card.latent_dim, card.distribution) == (12, 8, "normal")
    assert card.raw["manifest"]["name"] == "classes"
    assert ganvas.model("darker@1").inverse == "lighter"
    assert ganvas.preview("classes").size == (24, 12)
    assert ganvas.is_ready()


def test_errors_are_one_tree_with_the_detail_of_the_service(ganvas):
    with pytest.raises(NotFound, match="no model 'nothing' is served") as caught:
        ganvas.sample("nothing")
    assert caught.value.status == 404
    assert caught.value.problem.type == "urn:ganvas:problem:model-not-found"
    assert caught.value.problem.request_id
    with pytest.raises(Invalid) as wrong:
        ganvas.sample("tiny", truncation=2.0)
    assert wrong.value.problem.errors[0][0] == "truncation"
    with pytest.raises(NotSupported, match="translates images"):
        ganvas.sample("darker")
    with pytest.raises(Invalid):
        ganvas.stream("tiny", seed(1), seed(2), steps=500)
    with pytest.raises(NotFound):
        ganvas.model("../../livez")


def test_api_keys(models):
    with listening(models, api_keys=("secret",)) as port:
        url = f"http://127.0.0.1:{port}"
        assert len(Both(url, api_key="secret").sample("tiny", seeds=[1])) == 1
        with pytest.raises(Unauthorized):
            Both(url).sample("tiny", seeds=[1])
        assert Both(url).is_ready()


def test_client_waits_for_its_rate(models):
    with listening(models, rate_limit="1/second") as port:
        with Client(f"http://127.0.0.1:{port}") as waiting_client:
            assert [len(waiting_client.sample("tiny", seeds=[n])) for n in range(3)] == [1, 1, 1]
        with Client(f"http://127.0.0.1:{port}", retries=Retries(most=0)) as failing_client, pytest.raises(RateLimited):
            [failing_client.sample("tiny", seeds=[number]) for number in range(9)]


def scripted(responses):
    """A transport that returns these responses in order."""
    left = iter(responses)

    def respond(_request):
        return next(left)

    return httpx.MockTransport(respond)


EMPTY = httpx.Response(200, json={"model": "m@1", "images": []})


@pytest.mark.parametrize("stream", [False, True])
def test_refusals_are_retried_after_their_retry_after(monkeypatch, stream):
    waited = []
    monkeypatch.setattr(sync_module.time, "sleep", waited.append)
    busy = [httpx.Response(503, headers={"Retry-After": text}) for text in ("3", "Wed, 21 Oct 2015 07:28:00 GMT", "x")]
    last = httpx.Response(200, text="event: done\ndata: {}\n\n") if stream else EMPTY
    transport = scripted([*busy, httpx.Response(429, headers={"Retry-After": "500"}), last])
    client = Client(transport=transport, retries=Retries(longest_s=10.0))
    if stream:
        assert list(client.stream("m", seed(1), seed(2))) == []
    else:
        assert len(client.sample("m")) == 0
    bounds = [(3.0, 4.5), (0.5, 0.75), (1.0, 1.5), (10.0, 15.0)]
    assert all(minimum <= wait <= maximum for wait, (minimum, maximum) in zip(waited, bounds, strict=True))


def test_last_refusal_and_other_errors_are_raised(monkeypatch):
    waited = []
    monkeypatch.setattr(sync_module.time, "sleep", waited.append)
    with pytest.raises(Unavailable):
        Client(transport=scripted([httpx.Response(503)] * 3), retries=Retries(most=2)).sample("m")
    assert len(waited) == 2
    with pytest.raises(ServerError, match="no problem document") as caught:
        Client(transport=scripted([httpx.Response(502, text="<html>")])).sample("m")
    assert caught.value.status == 502
    assert len(waited) == 2


def test_waits_differ_between_clients():
    waits = {Retries().wait_s(0, 503, {"retry-after": "1"}) for _ in range(20)}
    assert len(waits) == 20


def test_responses_of_another_service_are_broken():
    for response in (
        httpx.Response(200, text="hello"),
        httpx.Response(200, json={"x": 1}),
        httpx.Response(200, json=[]),
    ):
        with pytest.raises(BrokenAnswer):
            Client(transport=scripted([response])).sample("m")


def test_missing_response_is_an_error_of_the_same_tree():
    with Client("http://127.0.0.1:9", timeout_s=5) as client:
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            client.sample("tiny")
        assert not client.is_ready()

    def late(request):
        raise httpx.ReadTimeout("late", request=request)

    with pytest.raises(TimedOut):
        Client(transport=httpx.MockTransport(late)).sample("tiny")


def test_interrupted_or_failed_stream_raises():
    frame = "event: frame\ndata: " + json.dumps({"index": 0, "of": 2, "content_type": "image/png", "data": ""}) + "\n\n"
    frames = Client(transport=scripted([httpx.Response(200, text=frame)])).stream("m", seed(1), seed(2))
    assert next(frames).of == 2
    with pytest.raises(ConnectionFailed, match="ended before the last frame"):
        next(frames)
    problem = {"type": "urn:x", "title": "Deadline", "status": 504, "detail": "too late", "instance": "/"}
    text = f"{frame}event: error\ndata: {json.dumps(problem)}\n\n"
    frames = Client(transport=scripted([httpx.Response(200, text=text)])).stream("m", seed(1), seed(2))
    assert next(frames).of == 2
    with pytest.raises(ganvas_client.DeadlineExceeded, match="too late"):
        next(frames)


def test_both_clients_have_the_same_methods():
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        other = inspect.signature(getattr(AsyncClient, name))
        own = inspect.signature(method)
        for parameter in own.parameters.keys() - {"transport"}:
            assert own.parameters[parameter] == other.parameters[parameter], (name, parameter)
        if name != "stream":
            assert own.return_annotation == other.return_annotation


def test_error_tree_in_the_docstring_is_complete():
    from ganvas_client import errors

    documented = re.findall(r"[├└]── (\w+)|^(GanvasError)$", errors.__doc__, re.MULTILINE)
    kinds = {kind.__name__ for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert {one or two for one, two in documented} == kinds
    assert kinds <= set(ganvas_client.__all__)


def test_dependencies_are_httpx_and_pillow():
    import tomllib

    about = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text())["project"]
    assert [re.split("[>=]", part)[0] for part in about["dependencies"]] == ["httpx", "pillow"]
    imported = set()
    for path in (ROOT / "clients/python/ganvas_client").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    import sys

    assert imported - sys.stdlib_module_names == {"httpx", "PIL", "ganvas_client"}
