"""``--change``: Dockerfile instructions applied to an image's config.

The instructions that only set something are allowed: CMD, ENTRYPOINT, ENV, EXPOSE,
HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR. Rules and messages are
those of Docker's ``import`` and ``commit`` (Dockerfile reference).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence

import msgspec

from sampan.errors import InvalidArgument
from sampan.oci.image_config import ExecutionConfig, Healthcheck
from sampan.transfer.words import expand, split_words
from sampan.wire.signals import parse_signal

_INSTRUCTION = re.compile(r"([A-Za-z]+)(?:[ \t]+(.*))?", re.DOTALL)
_CONTINUED = re.compile(r"\\[ \t]*\n")
_KEY_VALUE = re.compile(r"[^\s=]+=")
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)([a-zµμ]+)")
_PORTS = re.compile(r"(\d+)(?:-(\d+))?")
_NANOS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_SHORTEST_NANOS = 1_000_000
_DEFAULT_SHELL = ["/bin/sh", "-c"]


def apply_changes(config: ExecutionConfig, changes: Sequence[str]) -> ExecutionConfig:
    """``config`` after the instructions in ``changes``, each text holding one or more lines.

    Raises InvalidArgument for an unknown or malformed instruction.
    """
    for text in changes:
        lines = _logical_lines(text)
        if not lines:
            raise InvalidArgument("file with no instructions", kind="change")
        for line in lines:
            config = _apply(config, line)
    return config


def _logical_lines(text: str) -> list[str]:
    joined = _CONTINUED.sub("", text.replace("\r\n", "\n"))
    lines = (line.strip() for line in joined.split("\n"))
    return [line for line in lines if line and not line.startswith("#")]


def _apply(config: ExecutionConfig, line: str) -> ExecutionConfig:
    match = _INSTRUCTION.fullmatch(line)
    name = match[1].upper() if match is not None else line.split(maxsplit=1)[0].upper()
    handler = _HANDLERS.get(name)
    if match is None or handler is None:
        raise InvalidArgument(f"{name} is not a valid change command", kind="change", ref=line)
    return handler(config, (match[2] or "").strip())


def _variables(config: ExecutionConfig) -> dict[str, str]:
    return dict(_pair(entry) for entry in config.env or [])


def _pair(entry: str) -> tuple[str, str]:
    key, _, value = entry.partition("=")
    return key, value


def _json_list(rest: str) -> list[str] | None:
    """The strings of a JSON array, or None if ``rest`` is none."""
    if not rest.startswith("["):
        return None
    try:
        value: object = msgspec.json.decode(rest)
    except msgspec.DecodeError:
        return None
    if not isinstance(value, list):
        return None
    words = [word for word in value if isinstance(word, str)]
    if len(words) != len(value):
        raise InvalidArgument(
            "when using JSON array syntax, arrays must be comprised of strings only", kind="change", ref=rest
        )
    return words


def _command(config: ExecutionConfig, rest: str) -> list[str]:
    """The exec form as it is, the shell form behind the image's shell."""
    words = _json_list(rest)
    if words is not None:
        return words
    return [*(config.shell or _DEFAULT_SHELL), *([rest] if rest else [])]


def _cmd(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    return msgspec.structs.replace(config, cmd=_command(config, rest))


def _entrypoint(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    return msgspec.structs.replace(config, entrypoint=_command(config, rest) or None)


def _pairs(instruction: str, rest: str, variables: dict[str, str]) -> list[tuple[str, str]]:
    """``key=value ...``, or the old form ``key value with blanks``."""
    if not rest:
        raise InvalidArgument(f"{instruction} requires at least one argument", kind="change")
    words = split_words(rest)
    if not _KEY_VALUE.match(words[0]):
        key, value = words[0], rest[len(words[0]) :].strip()
        if not value:
            raise InvalidArgument(f"{instruction} must have two arguments", kind="change", ref=rest)
        return [(expand(key, variables), expand(value, variables))]
    pairs: list[tuple[str, str]] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise InvalidArgument(
                f"Syntax error - can't find = in {word!r}. Must be of the form: name=value",
                kind="change",
                ref=rest,
            )
        name = expand(key, variables)
        if not name:
            raise InvalidArgument(f"{instruction} names can not be blank", kind="change", ref=rest)
        pairs.append((name, expand(value, variables)))
    return pairs


def _env(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    variables = _variables(config)
    # All values of one instruction see the variables from before it.
    variables.update(_pairs("ENV", rest, dict(variables)))
    return msgspec.structs.replace(config, env=[f"{key}={value}" for key, value in variables.items()])


def _label(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    pairs = _pairs("LABEL", rest, _variables(config))
    return msgspec.structs.replace(config, labels={**(config.labels or {}), **dict(pairs)})


def _expose(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    if not rest:
        raise InvalidArgument("EXPOSE requires at least one argument", kind="change")
    variables = _variables(config)
    ports = dict(config.exposed_ports or {})
    for word in split_words(rest):
        for part in expand(word, variables).split():
            ports.update({port: {} for port in _ports(part)})
    return msgspec.structs.replace(config, exposed_ports=ports)


def _ports(text: str) -> list[str]:
    """``[[address:]host:]port[-port][/protocol]`` as the ports in the container."""
    numbers, slash, protocol = text.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidArgument(f"Invalid proto: {protocol}", kind="change", ref=text)
    container = numbers.rpartition(":")[2]
    match = _PORTS.fullmatch(container)
    if match is None:
        raise InvalidArgument(f"Invalid containerPort: {container}", kind="change", ref=text)
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= 65535:
        raise InvalidArgument(f"Invalid containerPort: {container}", kind="change", ref=text)
    return [f"{port}/{protocol}" for port in range(first, last + 1)]


def _user(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    return msgspec.structs.replace(config, user=expand(_exactly_one("USER", rest), _variables(config)))


def _working_dir(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    path = expand(_exactly_one("WORKDIR", rest), _variables(config))
    joined = posixpath.normpath(posixpath.join("/", config.working_dir, path))
    # POSIX lets exactly two leading slashes be special; nothing here does.
    return msgspec.structs.replace(config, working_dir="/" + joined.lstrip("/"))


def _volume(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    words = _json_list(rest)
    if words is None:
        words = split_words(rest)
    if not words:
        raise InvalidArgument("VOLUME requires at least one argument", kind="change")
    variables = _variables(config)
    volumes = dict(config.volumes or {})
    for word in words:
        path = expand(word, variables).strip()
        if not path:
            raise InvalidArgument("VOLUME specified can not be an empty string", kind="change", ref=rest)
        volumes[path] = {}
    return msgspec.structs.replace(config, volumes=volumes)


def _on_build(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    if not rest:
        raise InvalidArgument("ONBUILD requires at least one argument", kind="change")
    trigger = rest.split(maxsplit=1)[0].upper()
    if trigger == "ONBUILD":
        raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", kind="change", ref=rest)
    if trigger in ("MAINTAINER", "FROM"):
        raise InvalidArgument(f"{trigger} isn't allowed as an ONBUILD trigger", kind="change", ref=rest)
    return msgspec.structs.replace(config, on_build=[*(config.on_build or []), rest])


def _healthcheck(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    if not rest:
        raise InvalidArgument("HEALTHCHECK requires at least one argument", kind="change")
    flags, rest = _flags(rest)
    kind, _, command = rest.partition(" ")
    command = command.strip()
    if kind.upper() == "NONE":
        if command:
            raise InvalidArgument("HEALTHCHECK NONE takes no arguments", kind="change", ref=rest)
        return msgspec.structs.replace(config, healthcheck=Healthcheck(test=["NONE"]))
    if kind.upper() != "CMD":
        raise InvalidArgument(f"Unknown type {kind!r} in HEALTHCHECK (try CMD)", kind="change", ref=rest)
    words = _json_list(command)
    test = ["CMD", *words] if words is not None else ["CMD-SHELL", command]
    if not command or words == []:
        raise InvalidArgument("Missing command after HEALTHCHECK CMD", kind="change", ref=rest)
    times = {
        name: _health_duration(flag, flags.pop(flag)) for flag, name in _HEALTH_TIMES.items() if flag in flags
    }
    retries = flags.pop("retries", "0")
    if not (retries.isascii() and retries.isdigit()):
        raise InvalidArgument(f"--retries must be a number, not {retries!r}", kind="change", ref=rest)
    if flags:
        raise InvalidArgument(f"unknown flag: --{min(flags)}", kind="change", ref=rest)
    return msgspec.structs.replace(
        config,
        healthcheck=Healthcheck(
            test=test,
            interval=times.get("interval", 0),
            timeout=times.get("timeout", 0),
            start_period=times.get("start_period", 0),
            start_interval=times.get("start_interval", 0),
            retries=int(retries),
        ),
    )


_HEALTH_TIMES = {
    "interval": "interval",
    "timeout": "timeout",
    "start-period": "start_period",
    "start-interval": "start_interval",
}


def _flags(rest: str) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    while rest.startswith("--"):
        word, _, rest = rest.partition(" ")
        name, _, value = word[2:].partition("=")
        flags[name] = value
        rest = rest.lstrip()
    return flags, rest


def _health_duration(flag: str, text: str) -> int:
    nanos = _duration(text)
    if nanos and nanos < _SHORTEST_NANOS:
        raise InvalidArgument(f"Interval {flag!r} cannot be less than 1ms", kind="change", ref=text)
    return nanos


def _duration(text: str) -> int:
    """A Go duration such as ``1m30s`` in nanoseconds; negative ones are refused."""
    if text == "0":
        return 0
    nanos = 0.0
    position = 0
    for match in _DURATION_PART.finditer(text):
        if match.start() != position:
            break
        unit = _NANOS.get(match[2])
        if unit is None:
            raise InvalidArgument(
                f'time: unknown unit "{match[2]}" in duration "{text}"', kind="change", ref=text
            )
        nanos += float(match[1]) * unit
        position = match.end()
    if not text or position != len(text):
        raise InvalidArgument(f'time: invalid duration "{text}"', kind="change", ref=text)
    return round(nanos)


def _stop_signal(config: ExecutionConfig, rest: str) -> ExecutionConfig:
    signal = expand(_exactly_one("STOPSIGNAL", rest), _variables(config))
    parse_signal(signal)
    return msgspec.structs.replace(config, stop_signal=signal)


def _exactly_one(instruction: str, rest: str) -> str:
    if not rest:
        raise InvalidArgument(f"{instruction} requires exactly one argument", kind="change")
    return rest


_HANDLERS: dict[str, Callable[[ExecutionConfig, str], ExecutionConfig]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "ONBUILD": _on_build,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _working_dir,
}
