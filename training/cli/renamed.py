"""Former names on the command line, and the current ones."""

from collections.abc import Mapping, Sequence

COMMANDS: Mapping[str, str] = {"clarify": "finetune-classes", "judge": "train-classifier"}
OPTIONS: Mapping[str, str] = {
    **{f"--pictures.{name}": f"--images.{name}" for name in ("load-px", "crop-px", "flip", "no-flip")},
    "--keep": "--save-to",
    "--thin-db": "--low-rank-db",
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "--dataset": {"pictures": "images"},
    "--role": {"reports": "reporting", "selects": "selection"},
}


def current_name(words: Sequence[str]) -> str | None:
    """Looks for a former name among the arguments.

    Args:
        words: the command and its arguments.

    Returns:
        One sentence with the current name, or None.
    """
    if words and words[0] in COMMANDS:
        return f"the command {words[0]} is now called {COMMANDS[words[0]]}"
    for word, after in zip(words, [*words[1:], ""], strict=True):
        option, _, value = word.partition("=")
        option, value = option.replace("_", "-"), value or after
        if option in OPTIONS:
            return f"the option {option} is now called {OPTIONS[option]}"
        if renamed := VALUES.get(option, {}).get(value):
            return f"{option} {value} is now called {option} {renamed}"
    return None
