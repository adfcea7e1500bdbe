"""Command lines: flags as pflag reads them, requests as docker sends them, help everywhere."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from msgspec import UNSET

from sampan.cli.command import Command, argument_problem, help_text
from sampan.cli.container_flags import CONTAINER_FLAGS
from sampan.cli.container_request import build_request
from sampan.cli.flags import Flag, UsageError, parse
from sampan.cli.main import main
from sampan.cli.mount_flag import parse_mount
from sampan.cli.port_flag import published_ports
from sampan.cli.table import COMMANDS, module_of
from sampan.errors import InvalidArgument
from sampan.models.container import CreateRequest

_FLAGS = (
    Flag("interactive", "i", "bool"),
    Flag("tty", "t", "bool"),
    Flag("env", "e", "list"),
    Flag("publish", "p", "list"),
    Flag("name"),
    Flag("count", "n", "number", default="7"),
)


def test_flags_are_read_as_pflag_reads_them() -> None:
    parsed = parse(
        ["-it", "-eA=1", "-e", "B=2", "-p8080:80", "--name=x", "-n=3", "img", "-x", "y"],
        _FLAGS,
        interspersed=False,
    )
    assert parsed.flag("interactive")
    assert parsed.flag("tty")
    assert parsed.texts("env") == ["A=1", "B=2"]
    assert parsed.texts("publish") == ["8080:80"]
    assert (parsed.text("name"), parsed.number("count")) == ("x", 3)
    assert parsed.arguments == ["img", "-x", "y"]
    assert parse(["a", "-t", "--", "-i"], _FLAGS).arguments == ["a", "-i"]
    assert parse([], _FLAGS).number("count") == 7
    assert not parse(["--tty=false"], _FLAGS).flag("tty")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--nope"], "unknown flag: --nope"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["-ix"], "unknown shorthand flag: 'x' in -ix"),
        (["--name"], "flag needs an argument: --name"),
        (["-e"], "flag needs an argument: 'e' in -e"),
        (["--tty=maybe"], 'invalid argument "maybe"'),
        (["-n", "many"], 'invalid argument "many"'),
    ],
)
def test_a_wrong_flag_is_named(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", "\\(")):
        parse(argv, _FLAGS)


def _request(*argv: str) -> CreateRequest:
    return build_request(parse(argv, CONTAINER_FLAGS, interspersed=False), {"FROM_US": "here"})


def test_a_request_says_what_the_flags_say() -> None:
    request = _request(
        "-it", "-m", "512m", "--cpus", "1.5", "-e", "A=1", "-e", "FROM_US", "-e", "MISSING", "-v", "/a:/b:ro", "-v", "/anon",
        "--label", "x=y", "-p", "127.0.0.1:8080:80", "--cap-add", "NET_ADMIN", "--restart", "on-failure:3", "--ulimit",
        "nofile=10:20", "--entrypoint", "", "-w", "/w", "--tmpfs", "/t:size=1m", "--device", "/dev/null:/dev/zip:r", "img",
        "cmd", "-x",
    )  # fmt: skip
    host = request.host_config
    assert host is not None
    assert (request.image, request.cmd, request.entrypoint) == ("img", ["cmd", "-x"], [""])
    assert (request.tty, request.open_stdin, request.stdin_once, request.attach_stdin) == (
        True,
        True,
        True,
        True,
    )
    assert request.env == ["A=1", "FROM_US=here"]
    assert (host.memory, host.nano_cpus) == (512 << 20, 1_500_000_000)
    assert (host.binds, request.volumes) == (["/a:/b:ro"], {"/anon": {}})
    assert host.port_bindings is not None
    assert host.port_bindings["80/tcp"] is not None
    assert host.port_bindings["80/tcp"][0].host_port == "8080"
    assert request.exposed_ports == {"80/tcp": {}}
    assert (host.restart_policy.name, host.restart_policy.maximum_retry_count) == ("on-failure", 3)
    assert host.ulimits is not None
    assert (host.ulimits[0].soft, host.ulimits[0].hard) == (10, 20)
    assert host.tmpfs == {"/t": "size=1m"}
    assert host.devices is not None
    assert host.devices[0].cgroup_permissions == "r"


@pytest.mark.parametrize(
    "argv",
    [
        ["-m", "lots"],
        ["--cpus", "x"],
        ["-e", "=x"],
        ["--ulimit", "nofile"],
        ["--restart", "sometimes"],
        ["-p", "99999:80"],
        ["-p", "80:x"],
        ["-p", "1-3:5-6"],
        ["--mount", "type=bind,source=/a"],
        ["--mount", "type=odd,target=/a"],
        ["--mount", "nonsense=1,target=/a"],
        ["--device", ":x"],
        ["-a", "stdwhat"],
        ["--env-file", "/no/such/file"],
        ["--security-opt", "seccomp=/no/such/file"],
        ["--health-interval", "soon"],
    ],
)
def test_a_bad_value_is_refused_before_anything_is_sent(argv: list[str]) -> None:
    with pytest.raises(InvalidArgument):
        _request(*argv, "img")


def test_ports_and_mounts() -> None:
    ranges = published_ports(["8000-8001:80-81/udp", "[::1]:53:53", "90"])
    assert {port: [(item.host_ip, item.host_port) for item in found] for port, found in ranges.items()} == {
        "80/udp": [("", "8000")],
        "81/udp": [("", "8001")],
        "53/tcp": [("::1", "53")],
        "90/tcp": [("", "")],
    }
    mount = parse_mount('type=bind,src=/a,"dst=/with,comma",ro')
    assert (mount.type, mount.source, mount.target, mount.read_only) == ("bind", "/a", "/with,comma", True)
    assert parse_mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1777").tmpfs_options is not UNSET


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_every_command_explains_itself(words: str) -> None:
    command: Command = importlib.import_module(module_of(words)).COMMAND
    shown = help_text(words, command)
    assert f"Usage:  sampan {words}" in shown
    assert command.examples
    assert len({flag.name for flag in command.flags}) == len(command.flags)
    shorts = [flag.short for flag in command.flags if flag.short]
    assert len(set(shorts)) == len(shorts)
    parse([], command.flags)


def test_argument_counts() -> None:
    command = Command(run=lambda _client, _parsed: 0, usage="A B", help="", least=2, most=2)
    assert argument_problem("tag", command, 2) == ""
    assert argument_problem("tag", command, 1) == "'sampan tag' requires 2 arguments"
    many = Command(run=lambda _client, _parsed: 0, usage="A...", help="", least=1, most=-1)
    assert argument_problem("rm", many, 0) == "'sampan rm' requires at least 1 argument"


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["nosuch"], 1, "unknown command: sampan nosuch"),
        (["immages"], 1, "Did you mean: sampan images?"),
        (["container", "fly"], 1, "unknown command: sampan container fly"),
        (["run", "--nope", "x"], 125, "unknown flag: --nope"),
        (["rm"], 1, "requires at least 1 argument"),
        (["-H", "carrier-pigeon://x", "ps"], 1, "unknown scheme"),
        (["-H", "unix:///no/such/socket", "ps"], 1, "Is sampand running?"),
    ],
)
def test_mistakes_are_explained(
    argv: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == code
    assert words in capsys.readouterr().err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in ([], ["--help"], ["help"], ["image"], ["run", "--help"], ["--version"]):
        assert main(argv) == 0
        assert capsys.readouterr().out
    assert main(["run", "--rm", "-e", "--help", "--help"]) == 0


_BLOCKER = """
import importlib, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("fcntl", "termios", "tty", "pty", "pwd", "grp", "resource"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
for name in ("fcntl", "termios", "tty", "pwd", "grp", "resource"):
    sys.modules.pop(name, None)
from sampan.cli.table import COMMANDS, module_of
import sampan.cli.main, sampan.cli.autostart, sampan.cli.terminal
for words in COMMANDS:
    importlib.import_module(module_of(words))
"""


def test_the_client_needs_nothing_that_only_linux_has() -> None:
    done = subprocess.run([sys.executable, "-c", _BLOCKER], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_version_imports_little() -> None:
    code = "import sys, sampan.cli.main, sampan.cli.commands.version; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(shown.split())
    assert not loaded & {
        "aiohttp",
        "asyncio",
        "msgspec",
        "rich",
        "http.client",
        "ssl",
        "argparse",
        "dataclasses",
        "email",
    }
    assert sum(name.startswith("sampan") for name in loaded) < 25
