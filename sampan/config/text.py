"""What the daemon prints about itself: help, version, and the settings as documentation."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.config.kinds import BOOLEAN
from sampan.config.settings import CONFIG_FILE, ROWS, Row

_HELP = ("-h", "--help")
_VERSION = ("-v", "--version")


def early_answer(argv: Sequence[str], version: str) -> str | None:
    """The text to print and stop if help or the version is asked for, else None."""
    if any(word in _HELP for word in argv):
        return help_text()
    if any(word in _VERSION for word in argv):
        return f"sampand version {version}\n"
    return None


def help_text() -> str:
    """What ``sampand --help`` prints."""
    entries = [(_flag(row), _sentence(row)) for row in ROWS]
    entries += [
        ("-h, --help", "Print this and stop"),
        ("-v, --version", "Print the version and stop"),
    ]
    width = max(len(flag) for flag, _ in entries)
    lines = [f"  {flag:<{width}}  {sentence}" for flag, sentence in entries]
    intro = [
        "Usage: sampand [FLAGS]",
        "",
        "The daemon of the container engine Sampan.",
        f"Settings can also stand in {CONFIG_FILE}, under the flags' names (plural where a flag repeats).",
        "",
        "Flags:",
    ]
    return "\n".join([*intro, *lines]) + "\n"


def settings_table() -> str:
    """The settings as a Markdown table, for the documentation."""
    lines = [
        "| file key | flag | value | default | meaning |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        key = f"`{row.key}`" if row.key else ""
        flag = f"`-{row.short}`, `--{row.flag}`" if row.short else f"`--{row.flag}`"
        value = ", ".join(f"`{choice}`" for choice in row.choices) or row.kind.placeholder or "true or false"
        unit = f" ({row.unit})" if row.unit else ""
        reload = " Read again on SIGHUP." if row.reloadable else ""
        lines.append(f"| {key} | {flag} | {value}{unit} | {_default(row) or 'none'} | {row.help}.{reload} |")
    return "\n".join(lines) + "\n"


def _flag(row: Row) -> str:
    value = "" if row.kind is BOOLEAN else f" {row.kind.placeholder}"
    short = f"-{row.short}, " if row.short else "    "
    return f"{short}--{row.flag}{value}"


def _sentence(row: Row) -> str:
    default = _default(row)
    choices = f", one of {', '.join(row.choices)}" if row.choices else ""
    unit = f" in {row.unit}" if row.unit else ""
    return f"{row.help}{unit}{choices}{f' (default: {default})' if default else ''}"


def _default(row: Row) -> str:
    if row.shown_default:
        return row.shown_default
    if isinstance(row.default, bool):
        return str(row.default).lower()
    if isinstance(row.default, tuple):
        return ""
    return str(row.default)
