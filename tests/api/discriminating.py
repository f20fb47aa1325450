"""Requests to discriminators, and image files for them."""

import io
import zlib

from tests import builders

CALL = "/v1/models/tiny/discriminate"


SIZE = (builders.SIDE, builders.SIDE)


def discriminate(client, raw, model="tiny", query="", **headers):
    return client.post(f"/v1/models/{model}/discriminate{query}", content=raw, headers=headers)


def saved(image, form="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces its size, and holds almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes((8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
