"""Fast PNG encoding: one filter for all rows, and deflate by ISA-L.

Pillow tries five filters per row and compresses with zlib. This encoder takes a fifth of its time on 64 px faces (with
files 5 % larger) and a third on 28 px digits (docs/performance.md).

References:
    Portable Network Graphics (PNG) Specification, Third Edition, W3C 2025: 5 (layout), 9 (filters), 11 (chunks).
"""

import struct
from collections.abc import Mapping

import numpy as np
from isal import isal_zlib

from service.imaging.pixels import Pixels

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels: greyscale, RGB, RGBA
_LEVEL = 1  # of ISA-L's 0 ... 3; higher levels gain nothing on small images
_END = struct.pack(">I4sI", 0, b"IEND", 0xAE426082)


def encode(pixels: Pixels, texts: Mapping[str, str]) -> bytes:
    """Encode an image.

    Args:
        pixels: (H, W, C) uint8 with C of 1, 3 or 4.
        texts: one tEXt chunk per keyword; ISO 8859-1.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [_SIGNATURE, _chunk(b"IHDR", header)]
    chunks += [_chunk(b"tEXt", f"{keyword}\0{text}".encode("latin-1")) for keyword, text in texts.items()]
    chunks += [_chunk(b"IDAT", isal_zlib.compress(_filtered(pixels), _LEVEL)), _END]
    return b"".join(chunks)


def _filtered(pixels: Pixels) -> Pixels:
    """(H, 1 + W C) uint8: each row, preceded by the number of its filter."""
    height = len(pixels)
    flat = pixels.reshape(height, -1)
    rows = np.empty((height, flat.shape[1] + 1), np.uint8)
    if pixels.shape[2] == 1:
        rows[:, 0] = 0  # none: any filter makes strokes on a uniform background larger
        rows[:, 1:] = flat
    else:
        rows[:, 0] = 2  # up: the difference from the row above
        rows[0, 1:] = flat[0]
        np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    return rows


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", isal_zlib.crc32(data, isal_zlib.crc32(kind)))
