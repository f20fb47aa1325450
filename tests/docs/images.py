"""Generate the images of README and docs from the calls above them: `make images`.

An image `docs/images/NAME.webp` shows the file that the nearest call above it writes as `-o NAME.*`. A bundled model
replaces one that is not bundled if it supports the call; otherwise the image stays unchanged.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageSequence

from tests.conftest import listening
from tests.docs.blocks import PAGES, ROOT, blocks, commands

FOLDER = ROOT / "docs/images"
OVERVIEW = FOLDER / "ganvas.webp"
STRIP = FOLDER / "translations.webp"
MAX_BYTES = 80_000  # of one image

_SHOWN = re.compile(r"!\[[^\]]*\]\((?:docs/)?images/([\w-]+)\.webp\)")
_MODEL = re.compile(r"(?<=/v1/models/)[\w-]+")
MAX_WIDTH_PX, MAX_ENLARGEMENT = 720, 4


@dataclass(frozen=True)
class Illustration:
    """An image and the call that generates it.

    Attributes:
        path: the image file.
        call: the command, with `localhost:8000` as its address.
        file: what the command writes.
    """

    path: Path
    call: str
    file: str


def illustrations(pages: Iterable[Path] = PAGES) -> Iterator[Illustration]:
    """Yield every image on the pages once.

    Raises:
        ValueError: no call above an image writes its file, or another page generates it by another call.
    """
    seen: dict[str, Illustration] = {}
    for page in pages:
        calls = [(block.line, command) for block in blocks(page) for command in commands_of(block)]
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for name in _SHOWN.findall(line):
                if name in (OVERVIEW.stem, STRIP.stem):
                    continue
                above = [text for start, text in calls if start < number and re.search(rf"-o {name}\.\w+", text)]
                if not above:
                    raise ValueError(f"{page.name}:{number}: no call above it writes {name}.*")
                file = re.search(rf"-o ({name}\.\w+)", above[-1])
                assert file
                illustration = Illustration(FOLDER / f"{name}.webp", above[-1], file[1])
                if seen.setdefault(name, illustration) != illustration:
                    raise ValueError(f"{page.name}:{number}: another page generates {name}.webp by another call")
    yield from seen.values()


def commands_of(block):
    return [command.text for command in commands(block.text)] if block.language == "shell" else []


def with_bundled(text: str) -> str | None:
    """Replace models that are not bundled in a call; return None if no bundled model supports it."""
    names = {*_MODEL.findall(text)}
    for name in names - {path.name for path in (ROOT / "models").iterdir()}:
        if re.search(rf"{name}/(translate|encode)|directions", text):
            return None
        stand_in = "mnist-dcgan" if "class" in text else "mnist-gan"
        text = re.sub(rf"(?<=/v1/models/){name}\b", stand_in, text)
    return text


def render(illustration: Illustration, call: str, port: int, folder: Path, path: Path) -> None:
    """Send the request in a folder, and save the result as an enlarged WebP file."""
    script = "set -eu\n" + call.replace("curl ", "curl -fsS ", 1).replace("localhost:8000", f"127.0.0.1:{port}")
    subprocess.run(["bash", "-c", script], cwd=folder, check=True)
    with Image.open(folder / illustration.file) as result:
        times = max(1, min(MAX_ENLARGEMENT, MAX_WIDTH_PX // result.width))
        size = (result.width * times, result.height * times)
        frames = [
            frame.convert("RGB").resize(size, Image.Resampling.BICUBIC) for frame in ImageSequence.Iterator(result)
        ]
        motion = {"save_all": True, "append_images": frames[1:], "duration": result.info.get("duration", 80), "loop": 0}
    frames[0].save(path, quality=80, method=6, **(motion if len(frames) > 1 else {}))


_INK, _GREY, _ACCENT, _PAPER, _PANEL = "#1b1f24", "#59636e", "#0b6e99", "#ffffff", "#f3f6f8"
_COLUMNS = (
    ("training", "PyTorch, offline", ("GAN", "DCGAN", "WGAN, WGAN-GP", "Pix2pix", "CycleGAN"), "export"),
    (
        "model package",
        "models/NAME/VERSION",
        ("generator.onnx", "manifest.json: digests,", "   goldens, metrics, terms", "README.md", "preview.png"),
        "verify",
    ),
    (
        "service",
        "FastAPI + ONNX Runtime",
        ("sample", "interpolate", "arithmetic", "translate", "discriminate, encode"),
        "HTTP",
    ),
)
_TILES = (  # model, columns of its preview, cells shown across and down
    ("faces-dcgan", 8, 4, 2),
    ("fashion-wgan", 8, 8, 1),
    ("mnist-dcgan", 8, 8, 1),
    ("mnist-gan", 8, 8, 1),
    ("photo2monet", 4, 2, 1),
)
_TILE_PX, _GAP_PX = 220, 8


def render_overview(path: Path) -> None:
    """Render the overview of the project, with tiles from the bundled models' previews."""
    times = 2
    tiles = [tile.resize((_TILE_PX * times, _TILE_PX * times * tile.height // tile.width)) for tile in cut_tiles()]
    wide, high = 1080, max(250, 20 + sum(tile.height // times + _GAP_PX for tile in tiles) - _GAP_PX)
    sheet = Image.new("RGB", (wide * times, high * times), _PAPER)
    pen = ImageDraw.Draw(sheet)

    def font(size):
        return ImageFont.load_default(size * times)

    def box(*corners, **options):
        pen.rounded_rectangle([part * times for part in corners], 10 * times, **options)

    def write(left, top, text, size, colour, anchor="la"):
        pen.text((left * times, top * times), text, colour, font(size), anchor)

    left = 10
    for title, about, lines, arrow in _COLUMNS:
        box(left, 10, left + 200, high - 10, fill=_PANEL, outline="#d5dbe1", width=times)
        write(left + 14, 22, title, 22, _INK)
        write(left + 14, 52, about, 14, _ACCENT)
        for index, line in enumerate(lines):
            write(left + 14, 88 + 28 * index, line, 15, _INK if not line.startswith(" ") else _GREY)
        write(left + 235, 104, arrow, 14, _GREY, "ms")
        pen.line([(left + 206) * times, 118 * times, (left + 262) * times, 118 * times], _ACCENT, 2 * times)
        tip = [(left + 262, 118), (left + 254, 113), (left + 254, 123)]
        pen.polygon([(x * times, y * times) for x, y in tip], _ACCENT)
        left += 270
    top = 10 * times
    for tile in tiles:
        sheet.paste(tile, (left * times + 20, top))
        top += tile.height + _GAP_PX * times
    sheet.resize((wide, high), Image.Resampling.LANCZOS).save(path, quality=88, method=6)


def cut_tiles() -> Iterator[Image.Image]:
    """Yield the first cells of the bundled models' previews."""
    for name, columns, across, down in _TILES:
        yield from cut(name, columns, (0, 0, across, down))


_PAIRS = (
    ("photo2monet", (0, 2)),
    ("monet2photo", (2,)),
    ("facades-pix2pix", (0,)),
    ("horse2zebra", (3,)),
    ("zebra2horse", (0,)),
)
_PAIR_PX, _PAIRS_PER_ROW = 160, 3


def render_strip(path: Path) -> None:
    """Render images and their translations from the translators' previews, which show two pairs per row."""
    places = [(name, (2 * (pair % 2), pair // 2)) for name, pairs in _PAIRS for pair in pairs]
    pairs = [tile for name, (left, top) in places for tile in cut(name, 4, (left, top, left + 2, top + 1))]
    wide, high = 2 * _PAIR_PX + _GAP_PX, _PAIR_PX + _GAP_PX
    rows = -(-len(pairs) // _PAIRS_PER_ROW)
    sheet = Image.new("RGB", (wide * _PAIRS_PER_ROW - _GAP_PX, high * rows - _GAP_PX), _PAPER)
    for index, pair in enumerate(pairs):
        pair = pair.resize((2 * _PAIR_PX, _PAIR_PX), Image.Resampling.LANCZOS)
        sheet.paste(pair, (wide * (index % _PAIRS_PER_ROW), high * (index // _PAIRS_PER_ROW)))
    sheet.save(path, quality=85, method=6)


def cut(name: str, columns: int, cells: tuple[int, int, int, int]) -> Iterator[Image.Image]:
    """Yield preview cells (left, top, right, bottom) of a model's newest version; nothing if it is not bundled."""
    versions = sorted((ROOT / "models" / name).glob("[0-9]*"), key=lambda folder: int(folder.name))
    if versions:
        with Image.open(versions[-1] / "preview.png") as preview:
            side = preview.width // columns
            yield preview.convert("RGB").crop(tuple(at * side for at in cells))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    render_overview(OVERVIEW)
    render_strip(STRIP)
    wanted = [(illustration, with_bundled(illustration.call)) for illustration in illustrations()]
    with listening(ROOT / "models") as port, tempfile.TemporaryDirectory() as folder:
        for illustration, call in wanted:
            if call is None:
                print(f"{illustration.path.name} is unchanged: no bundled model supports its call")
            else:
                render(illustration, call, port, Path(folder), illustration.path)
    for path in {*FOLDER.iterdir()} - {OVERVIEW, STRIP, *(illustration.path for illustration, _ in wanted)}:
        path.unlink()
    total = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(wanted) + 2} images, {total / 1024:.0f} KiB")


if __name__ == "__main__":
    sys.exit(main())
