"""Command lines: flags as pflag reads them, requests as docker sends them, help everywhere."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.cli.command import Command, argument_problem, help_text
from sampan.cli.creating.flags import CONTAINER_FLAGS
from sampan.cli.creating.request import build_request
from sampan.cli.flags import KINDS, Flag, HelpWanted, UsageError, parse
from sampan.cli.main import main
from sampan.cli.table import COMMANDS, module_of

_FLAGS = (
    Flag("interactive", "i", "bool"),
    Flag("tty", "t", "bool"),
    Flag("env", "e", "list"),
    Flag("publish", "p", "list"),
    Flag("name"),
    Flag("count", "n", "int", default="7"),
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
        (["-ix"], "unknown shorthand flag: 'x' in -x"),
        (["--name"], "flag needs an argument: --name"),
        (["-e"], "flag needs an argument: 'e' in -e"),
        (["--tty=maybe"], 'invalid argument "maybe"'),
        (["-n", "many"], 'invalid argument "many"'),
    ],
)
def test_a_wrong_flag_is_named(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", "\\(")):
        parse(argv, _FLAGS)


def _environment(*argv: str, env: dict[str, str]) -> object:
    return build_request(parse(argv, CONTAINER_FLAGS, interspersed=False), env)["Env"]


def test_a_variable_without_value_takes_ours_or_unsets_the_image_s() -> None:
    given = ("-e", "A=1", "-e", "FROM_US", "-e", "MISSING", "-e", "A=2", "img")
    assert _environment(*given, env={"FROM_US": "here"}) == ["A=2", "FROM_US=here", "MISSING"]
    assert _environment("img", env={"FROM_US": "here"}) is None


def test_binds_keep_their_order() -> None:
    parsed = parse(
        ["-v", "vol:/x", "-v", "/only", "-v", "/h:/y:ro", "img"], CONTAINER_FLAGS, interspersed=False
    )
    request = build_request(parsed, {})
    host = request["HostConfig"]
    assert isinstance(host, dict)
    assert (host["Binds"], request["Volumes"]) == (["vol:/x", "/h:/y:ro"], {"/only": {}})


def test_a_detached_container_is_attached_to_nothing() -> None:
    request = build_request(parse(["-i", "img"], CONTAINER_FLAGS, interspersed=False), {}, detach=True)
    names = ("AttachStdin", "AttachStdout", "AttachStderr", "OpenStdin", "StdinOnce")
    assert [request[name] for name in names] == [False, False, False, True, False]


@given(
    st.lists(
        st.sampled_from(
            ["-i", "-it", "-e", "A=1", "--name", "--name=x", "-n=3", "--", "-", "img", "-p", "--nope", "-x"]
        )
    )
)
def test_any_command_line_is_read_or_told(words: list[str]) -> None:
    try:
        parsed = parse(words, _FLAGS, interspersed=False)
    except UsageError as error:
        assert error.message
    else:
        assert len(parsed.arguments) <= len(words)


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_every_command_explains_itself(words: str) -> None:
    command: Command = importlib.import_module(module_of(words)).COMMAND
    shown = help_text(words, command)
    assert f"Usage:  sampan {words}" in shown
    assert command.examples
    assert all(flag.kind in KINDS for flag in command.flags)
    assert len({flag.name for flag in command.flags}) == len(command.flags)
    shorts = [flag.short for flag in command.flags if flag.short]
    assert len(set(shorts)) == len(shorts)
    parse([], command.flags)


@pytest.mark.parametrize(
    ("least", "most", "count", "problem"),
    [
        (2, 2, 2, ""),
        (2, 2, 1, "requires 2 arguments"),
        (1, 1, 0, "requires 1 argument"),
        (0, 0, 1, "accepts no arguments"),
        (1, -1, 0, "requires at least 1 argument"),
        (0, 1, 2, "requires at most 1 argument"),
    ],
)
def test_argument_counts(least: int, most: int, count: int, problem: str) -> None:
    command = Command(run=lambda _client, _parsed: 0, usage="A B", help="", least=least, most=most)
    shown = argument_problem("x", command, count)
    assert (
        shown.startswith(f"sampan: 'sampan x' {problem}\n\nUsage:  sampan x A B\n") if problem else not shown
    )


def test_help_is_asked_for_before_the_container_s_command_only() -> None:
    for argv in (["--help"], ["-t", "--help", "img"], ["-e", "--help", "--help"]):
        with pytest.raises(HelpWanted):
            parse(argv, _FLAGS, interspersed=False)
    assert parse(["img", "--help"], _FLAGS, interspersed=False).arguments == ["img", "--help"]
    assert parse(["-e", "--help", "img"], _FLAGS, interspersed=False).texts("env") == ["--help"]


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["nosuch"], 1, "unknown command: sampan nosuch"),
        (["immages"], 1, "Did you mean: sampan images"),
        (["container", "fly"], 1, "unknown command: sampan container fly"),
        (["run", "--nope", "x"], 125, "unknown flag: --nope"),
        (["rm"], 1, "requires at least 1 argument"),
        (["container", "instect", "x"], 1, "Did you mean: sampan container inspect"),
        (["image", "--nope"], 125, "unknown flag: --nope"),
        (["-H", "unix:///a", "-H", "unix:///b", "ps"], 1, "Specify only one -H"),
        (["-l", "loud", "ps"], 1, "Unable to parse logging level: loud"),
        (["-c", "elsewhere", "ps"], 1, "contexts are not offered yet"),
        (["-H", "ssh://x", "ps"], 1, "ssh:// is not offered yet"),
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
    for argv in (
        [],
        ["--help"],
        ["help"],
        ["help", "ps"],
        ["image", "--help"],
        ["run", "--help"],
        ["--version"],
    ):
        assert main(argv) == 0
        assert capsys.readouterr().out
    assert main(["image"]) == 0
    assert "bootstrap" in capsys.readouterr().err
    assert main(["help", "flying"]) == 1


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


_HEAVY = {
    "aiohttp",
    "argparse",
    "asyncio",
    "csv",
    "dataclasses",
    "datetime",
    "email",
    "http.client",
    "logging",
    "msgspec",
    "rich",
    "ssl",
    "subprocess",
}


@pytest.mark.parametrize(("words", "most"), [("version", 25), ("ps", 25), ("exec", 35), ("run", 40)])
def test_common_commands_import_little(words: str, most: int) -> None:
    code = f"import sys, sampan.cli.main, {module_of(words)}; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(shown.split())
    assert not loaded & _HEAVY
    assert sum(name.startswith("sampan") for name in loaded) <= most
