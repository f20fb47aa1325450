"""The code blocks of a Markdown page, and the commands in them.

This module parses Markdown and shell words. It does not know what a command does.
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
"""First words of a shell block whose fence names no language."""

_FENCES = {"sh": "shell", "bash": "shell", "shell": "shell", "console": "shell", "js": "typescript", "ts": "typescript"}
_FENCE = re.compile(r"(`{3,}|~{3,})\s*(\w*)")
_TYPESCRIPT = re.compile(r'import [^;]* from "|const |for await ')
_FORMULA = re.compile(r"[\w ]+ = ")
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_BETWEEN = {"&&", "||", ";", "|", "(", ")", ");", "&"}


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    Attributes:
        page: the page that holds it.
        line: the number of its first line, from 1.
        language: `shell`, `python`, `typescript`, or the word after its fence.
        text: the code without its indentation.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """File and line."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the fenced and indented blocks of a page, in order."""
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
    """Guess the language of a block without a fence."""
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
    """Return the commands in a page's sentences and tables."""
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
    """A shell command, which may have several lines and run several programs.

    Attributes:
        text: the command as typed.
        parts: the words of each program.
        status: the HTTP status in the comment at its end; 200 without a comment.
    """

    text: str
    parts: tuple[tuple[str, ...], ...]
    status: int


def commands(text: str) -> list[Command]:
    """Split a shell block into commands."""
    found, held = [], ""
    for line in text.splitlines():
        held = f"{held}\n{line}" if held else line
        if held.endswith("\\") or not _is_whole(held):
            continue
        if parts := tuple(_parts(held)):
            status = re.search(r"#\s*(\d{3})\b.*\Z", held)
            found.append(Command(held, parts, int(status[1]) if status else 200))
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
    """Yield the words of each program, separated by `&&`, `;`, `|` and brackets. Leading assignments are words too."""
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
    """Separate a program's environment variables from its words."""
    count = next((index for index, word in enumerate(words) if not re.match(r"\w+=", word)), len(words))
    return dict(word.split("=", 1) for word in words[:count]), words[count:]
