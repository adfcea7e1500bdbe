"""Settings from flags, file and environment, checked once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sampan.config.arguments import parse_arguments
from sampan.config.check import check_settings
from sampan.config.file import read_file
from sampan.config.settings import CONFIG_FILE, ROWS, Environment, Settings
from sampan.config.values import Source
from sampan.errors import InvalidArgument


def load(argv: Sequence[str], env: Mapping[str, str]) -> Settings:
    """The settings of a daemon started with ``argv`` (without the program's name) and ``env``.

    Raises InvalidArgument, naming the flag or the file and key, for anything malformed,
    unknown, contradictory, or given both as a flag and in the file.
    """
    flags = parse_arguments(argv)
    path = Path(str(flags.get("config_file", CONFIG_FILE)))
    if not flags.get("config_file", CONFIG_FILE):
        raise InvalidArgument("--config-file: expected a path", kind="flag", ref="config-file")
    file = read_file(path, required="config_file" in flags)
    _require_apart(flags, file, path)
    sources = {name: Source.FILE for name in file} | {name: Source.FLAG for name in flags}
    settings = _settings({**file, **flags}, sources, _environment(env))
    check_settings(settings)
    return settings


def _settings(
    values: Mapping[str, object],
    sources: Mapping[str, Source],
    environment: Environment,
) -> Settings:
    # Every value has been through its row's kind, which is the attribute's type.
    given: dict[str, object] = {row.attribute: values.get(row.attribute, row.default) for row in ROWS}
    return Settings(sources=dict(sources), environment=environment, **given)  # type: ignore[arg-type]


def _require_apart(flags: Mapping[str, object], file: Mapping[str, object], path: Path) -> None:
    both = [row for row in ROWS if row.attribute in flags and row.attribute in file]
    if both:
        words = ", ".join(
            f"{row.key}: (from flag: {_shown(flags[row.attribute])}, from file: {_shown(file[row.attribute])})"
            for row in both
        )
        message = f"{path}: the following directives are specified both as a flag and in the configuration file: {words}"
        raise InvalidArgument(message, kind="file", ref=str(path))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(str(item) for item in value) if isinstance(value, tuple) else str(value)


def _environment(env: Mapping[str, str]) -> Environment:
    """Sockets count only if they are meant for this process (sd_listen_fds(3))."""
    ours = env.get("LISTEN_PID", "") == str(os.getpid())
    count = env.get("LISTEN_FDS", "")
    return Environment(
        listen_fds=int(count) if ours and count.isascii() and count.isdigit() and len(count) < 4 else 0,
        listen_names=tuple(env.get("LISTEN_FDNAMES", "").split(":")) if ours else (),
        notify_socket=env.get("NOTIFY_SOCKET", ""),
        http_proxy=env.get("HTTP_PROXY", env.get("http_proxy", "")),
        https_proxy=env.get("HTTPS_PROXY", env.get("https_proxy", "")),
        no_proxy=env.get("NO_PROXY", env.get("no_proxy", "")),
    )
