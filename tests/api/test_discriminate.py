import asyncio
import io
import json
import math
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from service.imaging.pixels import to_float32
from service.inference.session import Session
from service.repository import manifest
from tests import builders
from tests.conftest import assert_problem, converse

CALL = "/v1/models/tiny/discriminate"
SIZE = (builders.SIDE, builders.SIDE)


def judge(client, raw, model="tiny", query="", **headers):
    return client.post(f"/v1/models/{model}/discriminate{query}", content=raw, headers=headers)


def saved(image, form="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_the_score_is_the_discriminator_s_logit_and_its_sigmoid(client):
    raw = builders.image_file(*SIZE, mode="L")
    pixels = builders.pixels(raw)[None, :, :, None]
    (logit,) = Session(builders.discriminator_graph(), 1).run({"images": to_float32(pixels)})
    answer = judge(client, raw)
    assert answer.json() == {
        "model": "tiny@1",
        "score": pytest.approx(float(logit[0]), rel=1e-6),
        "probability": pytest.approx(1 / (1 + math.exp(-logit[0])), rel=1e-6),
    }


def test_a_critic_has_no_probability(client):
    answer = judge(client, builders.image_file(), "critic").json()
    assert answer["probability"] is None
    assert isinstance(answer["score"], float)


def test_every_answer_names_its_model_and_its_times(client):
    answer = judge(client, builders.image_file())
    assert answer.headers["x-model"] == "tiny@1"
    assert {part.split(";")[0] for part in answer.headers["server-timing"].split(", ")} == {
        "decode", "queue", "infer", "total",
    }  # fmt: skip


def test_raw_and_multipart_are_the_same(client):
    raw = builders.image_file()
    multipart = client.post(CALL, files={"image": ("name.png", raw, "image/png")})
    assert multipart.json() == judge(client, raw).json()


@pytest.mark.parametrize(
    "kind", ["image/jpeg", "text/plain", "application/json", "application/x-www-form-urlencoded", ""]
)
def test_the_bytes_decide_not_the_content_type(client, kind):
    assert judge(client, builders.image_file(), **{"Content-Type": kind}).status_code == 200
    answer = client.post(CALL, files={"image": ("x.svg", builders.image_file(), "image/svg+xml")})
    assert answer.status_code == 200


def test_a_model_without_a_discriminator_cannot_judge(tmp_path, serve):
    builders.write_package(tmp_path, "blind", discriminator=None)
    with serve(tmp_path) as client:
        assert_problem(judge(client, builders.image_file(), "blind"), 409, "not-supported")


def test_a_conditional_discriminator_needs_the_class(client):
    raw = builders.image_file()
    assert_problem(judge(client, raw, "classes"), 422)
    scores = [judge(client, raw, "classes", f"?class={name}").json()["score"] for name in ("circle", "star", "2")]
    assert scores[0] != scores[1] == scores[2]
    assert_problem(judge(client, raw, "classes", "?class=moon"), 422)
    assert_problem(judge(client, raw, "tiny", "?class=star"), 422)


@pytest.mark.parametrize("query", ["?unknown=1", "?format=png"])
def test_unknown_query_parameters_are_refused(client, query):
    assert_problem(judge(client, builders.image_file(), query=query), 422)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (13, 7), (300, 200)])
def test_pictures_of_any_size_are_judged(client, form, size):
    answer = judge(client, builders.image_file(*size, form=form))
    assert answer.status_code == 200
    assert math.isfinite(answer.json()["score"])


@pytest.mark.parametrize("model", ["tiny", "colour"])
@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG"), ("CMYK", "JPEG"),
        ("L", "JPEG"), ("RGBA", "WEBP"),
    ],
)  # fmt: skip
def test_pictures_of_any_mode_are_judged(client, model, mode, form):
    assert judge(client, builders.image_file(mode=mode, form=form), model).status_code == 200


def test_a_palette_with_transparency_is_judged(client):
    assert judge(client, builders.image_file(mode="P", transparency=0), "colour").status_code == 200


def test_the_same_shades_score_the_same_in_16_bit_grey_and_in_8(client):
    grey = np.random.default_rng(0).integers(0, 256, SIZE, dtype=np.uint8)
    deep = saved(Image.fromarray(grey.astype(np.uint16) * 257))
    assert judge(client, deep).json() == judge(client, saved(Image.fromarray(grey))).json()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(client, orientation):
    upright = Image.fromarray(np.random.default_rng(1).integers(0, 256, (*SIZE, 3), dtype=np.uint8))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = upright.transpose(turns[orientation]) if orientation > 1 else upright
    expected = judge(client, saved(upright), "colour").json()["score"]
    assert judge(client, saved(turned, exif=exif), "colour").json()["score"] == expected


def test_a_corrupt_colour_profile_is_ignored(client):
    image = Image.open(io.BytesIO(builders.image_file(*SIZE)))
    broken = saved(image, icc_profile=b"\x00\x01 no profile \xff" * 20)
    assert judge(client, broken, "colour").json() == judge(client, saved(image), "colour").json()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow says it too
def test_a_corrupt_exif_block_is_ignored(client):
    assert (
        judge(client, builders.image_file(form="JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")).status_code == 200
    )


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_an_animation_of_a_thousand_frames_counts_as_its_first(client, form):
    first, *rest = (Image.new("RGB", SIZE, (index % 256, index // 256, 0)) for index in range(1000))
    raw = saved(first, form, save_all=True, append_images=rest, duration=20)
    expected = judge(client, saved(first), "colour").json()["score"]
    assert judge(client, raw, "colour").json()["score"] == pytest.approx(expected, abs=0.2)


# --- what is no picture


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "ICO", "PDF", "EPS", "PPM", "TGA"])
def test_formats_that_are_not_on_the_list_are_refused(client, form):
    assert_problem(judge(client, builders.image_file(form=form)), 415, "not-an-image")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x00", b"nonsense" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", b"8BPS\x00\x01",
        b"SIMPLE  =                    T", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
        b"RIFF\x10\0\0\0WEBP",
        b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1", b"\x89PNG\r\n\x1a\n" + b"\xff" * 1000,
        b"GIF89a" + bytes(50),
    ],
)  # fmt: skip
def test_bytes_that_are_no_picture_are_refused(client, raw):
    assert_problem(judge(client, raw), 415, "not-an-image")
    assert_problem(client.post(CALL, files={"image": raw}), 415, "not-an-image")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("tenth", range(10))
def test_a_truncated_picture_is_refused(client, form, tenth):
    raw = builders.image_file(64, 64, form=form)
    assert_problem(judge(client, raw[: len(raw) * tenth // 10]), 415, "not-an-image")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_damaged_picture_is_refused_or_judged_but_no_fault_of_ours(client, form):
    raw = builders.image_file(64, 64, form=form)
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(raw)
        for place in rng.integers(0, len(raw), 6):
            damaged[place] = rng.integers(0, 256)
        assert judge(client, bytes(damaged)).status_code in (200, 413, 415)


def test_a_picture_with_something_behind_it_is_a_picture(client):
    raw = builders.image_file()
    assert judge(client, raw + b"PK\x03\x04<script>" * 50).json() == judge(client, raw).json()


@pytest.mark.parametrize("size", [(30_000, 30_000), (4001, 4000), (2**31 - 1, 2**31 - 1), (65_535, 65_535)])
def test_a_pixel_bomb_is_refused_by_its_header(client, size):
    assert_problem(judge(client, png_header(*size)), 413, "too-large")


@pytest.mark.parametrize("kind", ["zTXt", "iTXt"])
def test_a_text_bomb_is_refused_or_left_alone(client, kind):
    notes = PngImagePlugin.PngInfo()
    text = "A" * 30_000_000
    notes.add_itxt("bomb", text, zip=True) if kind == "iTXt" else notes.add_text("bomb", text, zip=True)
    raw = saved(Image.new("L", SIZE), pnginfo=notes)
    assert len(raw) < 100_000
    assert judge(client, raw).status_code in (200, 415)


# --- multipart


def part(name: bytes = b"image", body: bytes = b"", file: bool = True) -> bytes:
    tail = b'; filename="a.png"' if file else b""
    return b'--B\r\nContent-Disposition: form-data; name="' + name + b'"' + tail + b"\r\n\r\n" + body + b"\r\n"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("multipart/form-data", 400), ("multipart/form-data; boundary=", 400),
        ('multipart/form-data; boundary=""', 400),
        ("multipart/form-data; boundary=other", 400), (f"multipart/form-data; boundary={'B' * 5000}", 400),
        ("Multipart/Form-Data; Boundary=B", 200), ('multipart/form-data; charset=undefined; boundary="B"', 200),
        ("multipart/form-data; boundary=B; charset=no-such-thing", 200),
    ],
)  # fmt: skip
def test_the_boundary_of_a_multipart_body_is_checked(client, kind, status):
    body = part(body=builders.image_file()) + b"--B--\r\n"
    answer = judge(client, body, **{"Content-Type": kind})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("end", [b"--B--\r\n", b"--B--", b"--B--\r\nan epilogue", b"--B--  \r\n"])
def test_the_last_boundary_ends_a_multipart_body_whatever_follows(client, end):
    raw = builders.image_file()
    body = part(body=raw) + end
    answer = judge(client, body, **{"Content-Type": "multipart/form-data; boundary=B"})
    assert answer.json() == judge(client, raw).json()


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"", (400,)),
        (b"--B--\r\n", (422,)),
        (b"nonsense", (400,)),
        (part(body=b"x" * 100)[:-50], (400,)),
        (part(b"picture", b"x") + b"--B--\r\n", (422,)),
        (part(b"image", b"x", file=False) + b"--B--\r\n", (422,)),
        (part(b"image", b"x") * 2 + b"--B--\r\n", (400, 422)),
        (part(b"image", b"x") + part(b"extra", b"y", file=False) + b"--B--\r\n", (422,)),
        (part(b"image", b"x") * 10_000 + b"--B--\r\n", (400, 413)),
        (part(b"n", b"", file=False) * 10_000 + b"--B--\r\n", (400, 413)),
        (part(b"n" * 1_000_000, b"x") + b"--B--\r\n", (400, 413, 422)),
        (part(b"image", b"x" * 100_000, file=False) + b"--B--\r\n", (400, 413, 422)),
        (b"--B\r\n" + b"A: b\r\n" * 10_000 + b"\r\nx\r\n--B--\r\n", (400, 413, 422)),
        (b"--B\r\n\r\nx\r\n--B--\r\n", (400, 422)),
        (b'--B\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n--B--\r\n', (400, 422)),
    ],
)
def test_a_bad_multipart_body_is_refused(client, body, statuses):
    answer = judge(client, body, **{"Content-Type": "multipart/form-data; boundary=B"})
    assert answer.status_code in statuses, answer.text
    assert_problem(answer, answer.status_code)
    assert client.app.state.ganvas.uploads.held == 0


# --- sizes of uploads


def megabytes(count: int):
    for _ in range(count):
        yield bytes(1_000_000)


def test_an_upload_beyond_the_limit_is_refused_as_soon_as_it_is_known(client):
    taken = []

    def counted():
        for chunk in megabytes(300):
            taken.append(len(chunk))
            yield chunk

    answer = asyncio.run(_streamed(client.app, counted()))
    assert answer == 413
    assert sum(taken) < 13_000_000
    assert client.app.state.ganvas.uploads.held == 0


async def _streamed(app, chunks) -> int:
    messages = ({"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks)
    return (await converse(app, "POST", CALL, messages))[0]["status"]


def test_a_declared_length_beyond_the_limit_is_refused_unread(client):
    def unread():
        raise AssertionError("the body was read")
        yield

    sent = asyncio.run(converse(client.app, "POST", CALL, unread(), {"Content-Length": "10485761"}))
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("form", ["raw", "multipart"])
def test_the_limits_of_uploads_are_settings(models, serve, form):
    raw = builders.image_file(40, 40)
    with serve(models, max_upload_bytes=len(raw)) as client:
        for body, status in ((raw, 200), (raw + b"\x00", 413)):
            sent = {"content": body} if form == "raw" else {"files": {"image": body}}
            assert client.post(CALL, **sent).status_code == status
    with serve(models, max_image_pixels=1599) as client:
        assert_problem(client.post(CALL, content=raw), 413, "too-large")


def test_all_uploads_being_read_share_a_limit(models, serve):
    with serve(models, max_uploads_bytes=1000) as client:
        answer = judge(client, builders.image_file(100, 100))
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1
        assert client.app.state.ganvas.uploads.held == 0
        assert judge(client, builders.image_file(2, 2)).status_code == 200


def test_a_client_that_leaves_while_uploading_is_no_fault(client, caplog):
    messages = [{"type": "http.request", "body": b"x" * 100, "more_body": True}, {"type": "http.disconnect"}]
    for headers in ({}, {"Content-Type": "multipart/form-data; boundary=B"}):
        asyncio.run(converse(client.app, "POST", CALL, messages, headers))
    assert client.app.state.ganvas.uploads.held == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert 'status="500"' not in client.get("/metrics").text


def test_a_discriminator_that_does_not_fit_its_manifest_is_never_served(tmp_path, serve):
    folder = builders.write_package(tmp_path, "tiny")
    raw = builders.discriminator_graph(channels=3)
    (folder / "discriminator.onnx").write_bytes(raw)
    networks = json.loads((folder / "manifest.json").read_text())["networks"]
    networks["discriminator"]["sha256"] = manifest.sha256(raw)
    builders.rewrite_manifest(folder, networks=networks)
    with serve(tmp_path) as client:
        (skipped,) = client.get("/v1/models").json()["skipped"]
        assert "has the inputs" in skipped["reason"]
