"""Settings: flags, file, both, neither."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.config.load import load
from sampan.config.settings import ROWS, Settings
from sampan.config.text import early_answer, help_text, settings_table
from sampan.config.values import (
    AddressPool,
    DefaultUlimit,
    Listener,
    RuntimeProgram,
    Source,
    parse_listener,
)
from sampan.errors import InvalidArgument, SampanError


def of_flags(*argv: str) -> Settings:
    return load(["--config-file", "/dev/null", *argv], {})


def of_file(tmp_path: Path, text: str, *argv: str) -> Settings:
    path = tmp_path / "daemon.json"
    path.write_text(text)
    return load(["--config-file", str(path), *argv], {})


def refusal(call: object, *arguments: object) -> str:
    with pytest.raises(InvalidArgument) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.message


def test_defaults_hang_together() -> None:
    settings = of_flags()
    assert settings.listeners == (Listener("unix", "/run/sampan/sampan.sock"),)
    assert settings.bridge_name == "sampan0"
    assert settings.cgroup_parent_path == "/sampan"
    assert settings.pidfile_path == "/run/sampan/sampand.pid"
    assert settings.default_runtime in settings.all_runtimes
    assert settings.source("mtu") is Source.DEFAULT


def test_a_second_daemon_needs_roots_and_a_prefix_only() -> None:
    settings = of_flags("--exec-root", "/run/two", "--data-root=/var/lib/two", "--prefix", "two")
    assert settings.listeners == (Listener("unix", "/run/two/sampan.sock"),)
    assert (settings.bridge_name, settings.cgroup_parent_path) == ("two0", "/two")
    assert settings.pidfile_path == "/run/two/sampand.pid"


@pytest.mark.parametrize(
    "argv",
    [
        ["-H", "unix:///a", "-H", "tcp://127.0.0.1:99"],
        ["-Hunix:///a", "--host=tcp://127.0.0.1:99"],
        ["-H=unix:///a", "--host", "tcp://127.0.0.1:99"],
    ],
)
def test_flags_in_every_spelling(argv: list[str]) -> None:
    settings = of_flags(*argv)
    assert settings.listeners == (Listener("unix", "/a"), Listener("tcp", "127.0.0.1", 99))
    assert settings.source("hosts") is Source.FLAG


def test_switches() -> None:
    assert of_flags("-D").effective_log_level == "debug"
    assert of_flags("--debug").debug
    assert not of_flags("--debug=false").debug
    assert not of_flags("--ip-forward=false").ip_forward


def test_composite_flags() -> None:
    settings = of_flags(
        "--default-address-pool", "base=10.10.0.0/16,size=24", "--add-runtime", "mine=/opt/mine",
        "--default-runtime", "mine", "--log-opt", "max-size=1m", "--log-opt", "max-file=2",
        "--default-ulimit", "nofile=10:20", "--default-ulimit", "core=-1", "--default-shm-size", "32m",
    )  # fmt: skip
    assert settings.default_address_pools == (AddressPool("10.10.0.0/16", 24),)
    assert settings.all_runtimes["mine"] == RuntimeProgram("/opt/mine")
    assert dict(settings.log_opts) == {"max-size": "1m", "max-file": "2"}
    assert settings.default_ulimits == (DefaultUlimit("nofile", 10, 20), DefaultUlimit("core", -1, -1))
    assert settings.default_shm_size == 32 << 20


FILE = """{
  "hosts": ["unix:///x"], "debug": true, "mtu": 1400, "default-shm-size": "1g",
  "default-address-pools": [{"base": "10.0.0.0/8", "size": 24}],
  "runtimes": {"youki": {"path": "/usr/bin/youki", "runtimeArgs": ["--debug"]}},
  "log-opts": {"max-size": "1m"},
  "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 20, "Soft": 10}},
  "labels": ["a=b"], "live-restore": true
}"""


def test_the_file(tmp_path: Path) -> None:
    settings = of_file(tmp_path, FILE)
    assert settings.hosts == ("unix:///x",)
    assert (settings.debug, settings.mtu, settings.default_shm_size) == (True, 1400, 1 << 30)
    assert settings.default_address_pools == (AddressPool("10.0.0.0/8", 24),)
    assert settings.all_runtimes["youki"] == RuntimeProgram("/usr/bin/youki", ("--debug",))
    assert settings.default_ulimits == (DefaultUlimit("nofile", 10, 20),)
    assert settings.source("mtu") is Source.FILE
    assert settings.source("bip") is Source.DEFAULT


def test_flag_and_file_together(tmp_path: Path) -> None:
    assert of_file(tmp_path, '{"mtu": 1400}', "--debug").debug
    message = refusal(of_file, tmp_path, '{"log-level": "info", "mtu": 1400}', "--log-level", "debug")
    assert "specified both as a flag and in the configuration file" in message
    assert "log-level: (from flag: debug, from file: info)" in message
    assert "mtu" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"debgu": true}', "debgu (did you mean debug?)"),
        ('{"zzzzzz": 1, "yyyyyy": 2}', "zzzzzz, yyyyyy"),
        ('{"mtu": "1400"}', "mtu: expected a whole number, not the string '1400'"),
        ('{"mtu": true}', "mtu: expected a whole number, not true"),
        ('{"mtu": 1.5}', "mtu: expected a whole number, not the number 1.5"),
        ('{"debug": "true"}', "debug: expected true or false, not the string 'true'"),
        ('{"hosts": "unix:///x"}', "hosts: expected a list of strings, not the string 'unix:///x'"),
        ('{"hosts": [1]}', "hosts: expected a list of strings, not this list"),
        ('{"labels": null}', "labels: expected a list of strings, not null"),
        ('{"log-opts": {"a": 1}}', "log-opts: expected an object whose values are strings, not this object"),
        ('{"runtimes": {"a": {}}}', 'runtimes: expected an object of objects with "path"'),
        ('{"default-address-pools": [{"base": "x"}]}', 'a list of objects with "base" and "size"'),
        ('{"host": ["unix:///x"]}', "host (did you mean hosts?)"),
        ("[]", "expected a JSON object"),
        ("{", "not valid JSON"),
        ('{"config-file": "/x"}', "config-file"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, words: str) -> None:
    message = refusal(of_file, tmp_path, text)
    assert words in message
    assert message.startswith(str(tmp_path / "daemon.json"))


def test_an_empty_file_is_no_settings(tmp_path: Path) -> None:
    assert of_file(tmp_path, "") == of_file(tmp_path, "{}")


def test_a_file_that_is_asked_for_must_exist(tmp_path: Path) -> None:
    assert "no such file" in refusal(load, ["--config-file", str(tmp_path / "none")], {})
    assert "larger than" in refusal(of_file, tmp_path, " " * (2 << 20))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--debg"], "unknown flag: --debg (did you mean --debug?)"),
        (["-Z"], "unknown flag: -Z"),
        (["word"], "takes no arguments"),
        (["--"], "takes no arguments"),
        (["--data-root"], "flag needs an argument: --data-root"),
        (["--mtu", "x"], "expected a whole number"),
        (["--debug=maybe"], "expected true or false"),
        (["--data-root", "rel"], "data-root: 'rel' is not an absolute path"),
        (["--data-root", "/a/../b"], "data-root"),
        (["--data-root", "/a", "--exec-root", "/a/"], "exec-root"),
        (["--exec-root", "/" + "x" * 80], "exec-root"),
        (["--prefix", "Sampan"], "prefix"),
        (["--prefix", "toolongname"], "prefix"),
        (["--prefix", ""], "prefix"),
        (["--prefix", "a/b"], "prefix"),
        (["--bridge", "x" * 16], "bridge"),
        (["--bridge", "a b"], "bridge"),
        (["--bridge", "br0", "--bip", "10.0.0.1/24"], "mutually exclusive"),
        (["--bip", "10.0.0.0/24"], "bip"),
        (["--bip", "10.0.0.1"], "bip"),
        (["--bip", "x"], "bip"),
        (["--mtu", "10"], "mtu"),
        (["--default-address-pool", "base=10.0.0.0/8,size=7"], "default-address-pools"),
        (["--default-address-pool", "base=10.0.0.0/8,size=31"], "default-address-pools"),
        (["--default-address-pool", "base=x,size=24"], "default-address-pools"),
        (["--default-address-pool", "size=24"], "expected base=CIDR,size=N"),
        (["--dns", "x"], "dns"),
        (["--default-runtime", "x"], "default-runtime"),
        (["--cgroup-parent", "a"], "cgroup-parent"),
        (["--cgroup-parent", "/a/../b"], "cgroup-parent"),
        (["--live-restore=false"], "live-restore: false is not possible"),
        (["--log-level", "loud"], "log-level: 'loud' is not one of debug"),
        (["--shutdown-timeout", "-1"], "shutdown-timeout"),
        (["--label", "x"], "labels"),
        (["--default-ulimit", "foo=1"], "default-ulimits"),
        (["--default-ulimit", "nofile=2:1"], "default-ulimits"),
        (["-H", "x"], "unable to parse the address 'x'"),
        (["-H", "unix://rel"], "unable to parse"),
        (["-H", "tcp://h:99999"], "no port"),
        (["--seccomp-profile", "rel.json"], "seccomp-profile"),
    ],
)  # fmt: skip
def test_bad_flags_are_named(argv: list[str], words: str) -> None:
    assert words in refusal(of_flags, *argv)


@pytest.mark.parametrize(
    "host", ["tcp://0.0.0.0:2375", "tcp://:2375", "tcp://10.1.2.3:1", "tcp://[::]:1", "tcp://example:1"]
)
def test_other_machines_are_not_let_in_without_tls(host: str) -> None:
    message = refusal(of_flags, "-H", host)
    assert "allow-unauthenticated-root-over-tcp" in message
    assert host in message
    assert of_flags("-H", host, "--allow-unauthenticated-root-over-tcp").hosts == (host,)


@pytest.mark.parametrize(
    "host", ["tcp://127.0.0.1:1", "tcp://[::1]:1", "tcp://localhost", "tcp://127.8.9.1:7"]
)
def test_this_machine_is_let_in(host: str) -> None:
    assert of_flags("-H", host).listeners[0].is_loopback


def test_listeners() -> None:
    assert parse_listener("tcp://[::1]:80") == Listener("tcp", "::1", 80)
    assert parse_listener("tcp://h") == Listener("tcp", "h", 2375)
    assert parse_listener("fd://") == Listener("fd", "")
    assert parse_listener("fd://name") == Listener("fd", "name")


def test_the_environment_is_read_once() -> None:
    env = {
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": "2",
        "LISTEN_FDNAMES": "a:b",
        "https_proxy": "http://p",
    }
    settings = load(["--config-file", "/dev/null"], env)
    assert settings.environment.listen_fds == 2
    assert settings.environment.listen_names == ("a", "b")
    assert settings.environment.https_proxy == "http://p"
    other = load(["--config-file", "/dev/null"], {**env, "LISTEN_PID": "1"})
    assert other.environment.listen_fds == 0


@given(st.lists(st.text(), max_size=4))
def test_any_command_line_is_settings_or_a_clear_refusal(argv: list[str]) -> None:
    try:
        load(["--config-file", "/dev/null", *argv], {})
    except SampanError as error:
        assert error.message


def test_help_and_version() -> None:
    assert early_answer(["-D"], "1") is None
    assert early_answer(["--version"], "1.2") == "sampand version 1.2\n"
    text = early_answer(["-D", "--help"], "1")
    assert text == help_text()
    for row in ROWS:
        assert f"--{row.flag}" in text


def test_rows_are_sound() -> None:
    flags = [row.flag for row in ROWS]
    shorts = [row.short for row in ROWS if row.short] + ["h", "v"]
    keys = [row.key for row in ROWS if row.key]
    for names in (flags, shorts, keys):
        assert len(set(names)) == len(names)
    for row in ROWS:
        assert row.help
        assert not row.help.endswith(".")
    settings = of_flags()
    for row in ROWS:
        if row.attribute != "config_file":
            assert getattr(settings, row.attribute) == row.default


def test_the_documentation_holds_the_table() -> None:
    page = Path(__file__).parents[3] / "docs/configuration.md"
    assert settings_table() in page.read_text()


def test_importing_the_parser_is_cheap() -> None:
    script = "import sys, sampan.config.load; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"argparse", "asyncio", "aiohttp", "difflib", "logging", "socket"}
