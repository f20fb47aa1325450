"""What a Markdown page asks its reader to type: blocks of code, and the commands in them.

Knows Markdown and a shell's words, not what any command does.
"""

import ast
import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "clients").glob("*/README.md")),
)
PROGRAMS = (
    *("apt-get", "curl", "docker", "kubectl", "make", "npm", "pip"),
    *("python", "ray", "serve", "tensorboard", "torchrun"),
)
"""What a line of a shell begins with, where no fence says that it is one."""

_FENCES = {"sh": "shell", "bash": "shell", "shell": "shell", "console": "shell", "js": "typescript", "ts": "typescript"}
_FENCE = re.compile(r"(`{3,}|~{3,})\s*(\w*)")
_TYPESCRIPT = re.compile(r'import [^;]* from "|const |for await ')
_FORMULA = re.compile(r"[\w ]+ = ")
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_BETWEEN = {"&&", "||", ";", "|", "(", ")", ");", "&"}


@dataclass(frozen=True)
class Block:
    """A block of code of a page.

    Attributes:
        page: where it stands.
        line: of its first line, from 1.
        language: `shell`, `python`, `typescript`, or what its fence says.
        text: without its indentation.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """File and line, as an editor opens them."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The fenced and indented blocks of a page, in their order."""
    return list(_blocks(page, page.read_text().splitlines()))


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    at, is_after_blank = 0, True
    while at < len(lines):
        line = lines[at]
        first = at
        if found := _FENCE.match(line):
            at = next(index for index in range(at + 1, len(lines)) if lines[index].startswith(found[1]))
            text, word = "\n".join(lines[first + 1 : at]), found[2]
            yield Block(page, first + 2, _FENCES.get(word, word) or language_of(text), text)
            at += 1
        elif line.startswith("    ") and is_after_blank:
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                at += 1
            text = textwrap.dedent("\n".join(lines[first:at])).strip("\n")
            yield Block(page, first + 1, language_of(text), text)
        else:
            at += 1
        is_after_blank = not lines[at - 1].strip()


def language_of(text: str) -> str:
    """The language of a block that does not say it."""
    if _TYPESCRIPT.match(text):
        return "typescript"
    if text.split()[0] in PROGRAMS:
        return "shell"
    try:
        ast.parse(text)
    except SyntaxError:
        return "text" if _FORMULA.match(text) else "shell"
    return "python"


def inline(page: Path) -> list[Block]:
    """The commands that stand within a page's sentences and tables."""
    text = page.read_text()
    for block in blocks(page):
        for line in block.text.splitlines():
            text = (
                text.replace(line, "\0" * len(line), 1) if len(line) > 3 else text
            )  # so that lines keep their numbers
    found = [(match.start(), " ".join(match[1].split())) for match in _INLINE.finditer(text)]
    kept = [(at, span) for at, span in found if span.split()[0] in PROGRAMS and len(span.split()) > 1]
    return [Block(page, 1 + text.count("\n", 0, at), "shell", span) for at, span in kept]


@dataclass(frozen=True)
class Command:
    """One command of a shell, which may be several lines long and hold several programs.

    Attributes:
        text: as it is typed.
        parts: the words of each program that it calls.
        status: what the comment at its end says that the service answers; 200 where there is none.
    """

    text: str
    parts: tuple[tuple[str, ...], ...]
    status: int


def commands(text: str) -> list[Command]:
    """The commands of a shell's block."""
    found, held = [], ""
    for line in text.splitlines():
        held = f"{held}\n{line}" if held else line
        if held.endswith("\\") or not _is_whole(held):
            continue
        if parts := tuple(_parts(held)):
            said = re.search(r"#\s*(\d{3})\b.*\Z", held)
            found.append(Command(held, parts, int(said[1]) if said else 200))
        if other := re.search(r"#\s*or: (.+)", held):
            found += commands(other[1])
        held = ""
    assert not held, f"the block ends within a command: {held}"
    return found


def _is_whole(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def _parts(text: str) -> Iterator[tuple[str, ...]]:
    """The words of each program: what stands between `&&`, `;`, `|` and brackets. Leading assignments are words too."""
    words: list[str] = []
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for word in [*lexer, ";"]:
        if word not in _BETWEEN:
            words.append(word)
        elif words:
            if not re.fullmatch(r"\w+=\$", words[-1]) or len(words) > 1:
                yield tuple(words)
            words = []


def without_settings(words: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables that are set for a program, and its words."""
    count = next((index for index, word in enumerate(words) if not re.match(r"\w+=", word)), len(words))
    return dict(word.split("=", 1) for word in words[:count]), words[count:]
