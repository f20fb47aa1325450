"""What clients may send to do harm: images, bodies and names, each with the statuses that are right."""

import io
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image, PngImagePlugin, features

from tests import builders

TRANSLATE, ENCODE = "/v1/models/stylish/translate", "/v1/models/colour/encode"
DISCRIMINATE, REPRODUCE = "/v1/models/tiny/discriminate", "/v1/reproduce"
SAMPLE = "/v1/models/tiny/sample"


@dataclass(frozen=True)
class Attack:
    """One request, and what may be answered.

    Attributes:
        name: for whoever reads a failure.
        path: where it goes, by POST.
        body: what is sent.
        statuses: that are right.
        headers: more headers.
    """

    name: str
    path: str
    body: bytes
    statuses: tuple[int, ...]
    headers: dict[str, str] = field(default_factory=dict)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def png(width: int, height: int, *chunks: bytes, data: bytes | None = None) -> bytes:
    """A grey PNG whose header gives a size, with the data that are passed; by default next to nothing."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 0, 0, 0, 0))
    packed = zlib.compress(bytes(1000)) if data is None else data
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", packed), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@cache
def whole_bomb() -> bytes:
    """A valid PNG of 30,000 x 30,000 px in less than a megabyte."""
    packer = zlib.compressobj(9)
    row = bytes(30_001) * 100
    return png(30_000, 30_000, data=b"".join([*(packer.compress(row) for _ in range(300)), packer.flush()]))


@cache
def text_bomb(kind: str, megabytes: int = 60) -> bytes:
    """A small image whose compressed note unpacks to a lot."""
    notes = PngImagePlugin.PngInfo()
    text = "A" * (megabytes * 1_000_000)
    notes.add_itxt("Description", text, zip=True) if kind == "iTXt" else notes.add_text("Description", text, zip=True)
    return saved(Image.new("L", (12, 12)), "PNG", pnginfo=notes)


@cache
def icc_bomb(megabytes: int = 60) -> bytes:
    """A small image whose colour profile unpacks to a lot."""
    packed = zlib.compress(bytes(megabytes * 1_000_000), 9)
    return png(12, 12, chunk(b"iCCP", b"profile\0\0" + packed), data=zlib.compress(bytes(13 * 12)))


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """A file of an image."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@cache
def frames(form: str, count: int = 2000) -> bytes:
    """An animation of thousands of frames of 12 x 12 px."""
    first, *rest = (Image.new("RGB", (12, 12), (index % 256, index // 256, 0)) for index in range(count))
    return saved(first, form, save_all=True, append_images=rest, duration=20)


def psd() -> bytes:
    """A whole Photoshop file of 4 x 4 px in RGB."""
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 4, 4, 8, 3)
    return head + struct.pack(">III", 0, 0, 0) + struct.pack(">H", 0) + bytes(48)


def fits() -> bytes:
    """A whole FITS file of 4 x 4 px in grey."""
    cards = ("SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2")
    cards += ("NAXIS1  =                    4", "NAXIS2  =                    4", "END")
    return "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)


SVG = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><image href="file:///etc/passwd"/>&b;</svg>'
)


def foreign() -> Iterator[tuple[str, bytes]]:
    """Whole files of formats that are not on the list."""
    yield from (("psd", psd()), ("fits", fits()), ("svg", SVG))
    forms = ["GIF", "TIFF", "BMP", "ICO", "PDF", "EPS", "PPM", "TGA", "PCX", "DDS", "ICNS", "SGI"]
    # What the test machine's Pillow cannot write, it cannot read either.
    forms += [name for name, codec in (("AVIF", "avif"), ("JPEG2000", "jpg_2000")) if features.check(codec)]
    for form in forms:
        yield form.lower(), builders.image_file(16, 16, form=form)
    yield "gif of 2,000 frames", frames("GIF")


def broken() -> Iterator[tuple[str, bytes]]:
    """What is no image, though it may begin like one."""
    good = builders.image_file(64, 48)
    yield from (("nothing", b""), ("one byte", b"\0"), ("text", b"nonsense" * 1000))
    yield "wrong magic", b"\xff\xd8\xff\xe0" + good[4:]
    yield "a magic before another", b"\x89PNG\r\n\x1a\n" + builders.image_file(form="JPEG")
    for form in ("PNG", "JPEG", "WEBP"):
        raw = builders.image_file(64, 48, form=form)
        yield from ((f"{tenth} tenths of a {form}", raw[: len(raw) * tenth // 10]) for tenth in range(1, 10))


def bombs() -> Iterator[tuple[str, bytes, tuple[int, ...]]]:
    """Small files that are large inside."""
    yield "pixel bomb", whole_bomb(), (413,)
    yield "pixel bomb without pixels", png(2**31 - 1, 2**31 - 1), (413,)
    yield from ((kind, text_bomb(kind), (200, 415, 422)) for kind in ("zTXt", "iTXt"))
    yield "colour profile", icc_bomb(), (200, 415, 422)
    yield "rows without end", png(12, 12, data=zlib.compress(bytes(60_000_000), 9)), (200, 415, 422)
    yield "as many pixels as are read", png(4000, 4000, data=zlib.compress(bytes(4001 * 4000), 9)), (200, 413, 422)


def images() -> Iterator[Attack]:
    """Every hostile image, to every call that takes one, raw and in a form."""
    for path in (TRANSLATE, ENCODE, DISCRIMINATE, REPRODUCE):
        for name, raw in (*foreign(), *broken()):
            # What reads no pixels finds no fault in them, and no label either.
            yield Attack(name, path, raw, (415, 422) if path == REPRODUCE else (415,))
        for name, raw, statuses in bombs():
            yield Attack(name, path, raw, statuses)
        for form in ("PNG", "WEBP"):
            yield Attack(f"{form} of 2,000 frames", path, frames(form), (422,) if path == REPRODUCE else (200,))
        form = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        for name, raw, status in (("gif in a form", frames("GIF"), 415), ("bomb in a form", whole_bomb(), 413)):
            kind = {"Content-Type": "multipart/form-data; boundary=B"}
            yield Attack(name, path, form + raw + b"\r\n--B--\r\n", (status,), kind)


def polyglots() -> Iterator[tuple[str, bytes]]:
    """Images that are something else too: the image counts."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "%PDF-1.7 <script>alert(1)</script><?php system($_GET[0]); ?>")
    image = Image.fromarray(np.asarray(Image.open(io.BytesIO(builders.image_file(24, 20)))))
    yield "script in a note", saved(image, "PNG", pnginfo=notes)
    yield "zip behind a png", saved(image, "PNG") + b"PK\x03\x04" + bytes(500) + b"PK\x05\x06" + bytes(18)
    yield "html in a jpeg", saved(image, "JPEG", quality=95, comment=b"<html><script>alert(1)</script>")
    yield "gif behind a webp", saved(image, "WEBP", lossless=True) + b"GIF89a" + bytes(100)


def documents() -> Iterator[Attack]:
    """Hostile JSON."""
    deep = b'{"mean": [' * 1000 + b'{"seed": 1}' + b"]}" * 1000
    latent = b'{"latents": [{"vector": [%s, 0, 0, 0, 0, 0, 0, 0]}]}'
    bodies = {
        "nesting": b"[" * 10_000 + b"]" * 10_000, "objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "means": b'{"latents": [' + deep + b"]}", "nan": latent % b"NaN", "infinity": latent % b"Infinity",
        "1e400": latent % b"1e400", "digits": b'{"n": ' + b"9" * 5000 + b"}", "latin-1": b'{"class": "\xe9"}',
        "surrogate": b'{"class": "\\ud800"}', "empty": b"", "no object": b"[1]", "n": b'{"n": 1e9}',
        "seed": b'{"seeds": [9223372036854775808]}', "rank": b'{"latents": [{"vector": [[0]]}]}',
        "many keys": b"{" + b",".join(b'"k%d": 1' % n for n in range(50_000)) + b"}",
        "long key": b'{"' + b"k" * 900_000 + b'": 1}', "numbers": b'{"seeds": [' + b"1," * 400_000 + b"1]}",
    }  # fmt: skip
    for name, body in bodies.items():
        yield Attack(name, SAMPLE, body, (422,))
    yield Attack("a body of 100 MB", SAMPLE, b" " * 100_000_000, (413,))
    for name, body in (("weights", {"weight": 1e308, "latents": [{"seed": 1}]}), ("no terms", None)):
        yield Attack(name, "/v1/models/tiny/arithmetic", json.dumps({"terms": [body] if body else []}).encode(), (422,))
    opposite = {"from": {"vector": [1.0] * 8}, "to": {"vector": [-1.0] * 8}}
    yield Attack("opposite ends", "/v1/models/tiny/interpolate", json.dumps(opposite).encode(), (422,))
    for steps in (0, 1, 10**6):
        interpolation = json.dumps({"from": {"seed": 1}, "to": {"seed": 2}, "steps": steps}).encode()
        yield Attack(f"steps {steps}", "/v1/models/tiny/interpolate", interpolation, (422,))
    for name in ("../../etc/passwd", "%2e%2e%2f%2e%2e", "", "x" * 10_000, "tiny@", "tiny@-1", "tiny@999", "%00"):
        yield Attack(f"model {name[:20]!r}", f"/v1/models/{name}/sample", b"{}", (404,))


def forms() -> Iterator[Attack]:
    """Hostile multipart bodies."""
    part = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n%s\r\n'
    named = b'--B\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\n\r\nx\r\n'
    good, end = builders.image_file(), b"--B--\r\n"
    for boundary in ("", "; boundary=", "; boundary=other", "; boundary=" + "B" * 5000):
        kind = {"Content-Type": "multipart/form-data" + boundary}
        yield Attack(f"boundary {boundary[:20]!r}", DISCRIMINATE, part % good + end, (400,), kind)
    for name, body, statuses in (
        ("10,000 parts", part % b"x" * 10_000 + end, (400, 413)),
        ("the field twice", part % good + part % good + end, (422,)),
        ("a field name of 1 MB", named % (b"n" * 1_000_000) + end, (400, 413)),
        ("no field", end, (422,)),
        ("another field", named % b"picture" + end, (422,)),
        ("cut off", (part % good)[:-40], (400,)),
        ("headers without end", b"--B\r\n" + b"A: b\r\n" * 50_000, (400, 413)),
    ):
        yield Attack(name, DISCRIMINATE, body, statuses, {"Content-Type": "multipart/form-data; boundary=B"})
