"""Our client on a terminal: sizes, keys, detaching, and the terminal as it was afterwards."""

from __future__ import annotations

import time
from typing import Any


def test_a_shell_on_a_terminal(sampan: Any) -> None:
    with sampan.on_terminal("run", "--rm", "-it", sampan.image, "sh", rows=33, columns=101) as shell:
        shell.expect(b"# ")
        shell.type(b"stty size\n")
        shell.expect(b"33 101")
        shell.type(b"sleep 100\n")
        shell.expect(b"sleep 100\r\n")
        time.sleep(0.3)  # ctrl-c before the sleep runs would only cancel the line
        shell.type(b"\x03")
        shell.type(b"exit 9\n")
        code, _ = shell.end()
    assert code == 9
    assert sampan("ps", "-aq") == ""


def test_the_size_follows(sampan: Any) -> None:
    # The shell says its size whenever it changes: no polling.
    script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"
    with sampan.on_terminal(
        "run", "--rm", "-it", sampan.image, "sh", "-c", script, rows=10, columns=20
    ) as shell:
        shell.expect(b"ready")
        shell.resize(44, 55)
        shell.expect(b"44 55")


def test_detach_and_attach_again(sampan: Any) -> None:
    name = sampan.name()
    with sampan.on_terminal("run", "-it", "--name", name, sampan.image, "sh") as shell:
        shell.expect(b"# ")
        shell.type(b"\x10\x11")
        code, _ = shell.end()
    assert code == 0
    assert sampan("inspect", "-f", "{{.State.Running}}", name) == "true\n"
    with sampan.on_terminal("attach", "--detach-keys", "ctrl-a,b", name) as shell:
        shell.expect(b"# ")  # drawn anew, for the size was changed and changed back
        shell.type(b"echo $((40+2))\n")
        shell.expect(b"42")
        shell.type(b"\x01b")
        code, rest = shell.end()
    assert code == 1
    assert rest.endswith(b"read escape sequence\r\n")
    with sampan.on_terminal("attach", name) as shell:
        shell.expect(b"# ")
        shell.type(b"exit 6\n")
        code, _ = shell.end()
    assert code == 6


def test_exec_on_a_terminal(sampan: Any) -> None:
    name = sampan.name()
    sampan("run", "-d", "--name", name, sampan.image, "sleep", "100")
    with sampan.on_terminal(
        "exec", "-it", name, "sh", "-c", "tty; stty size; exit 4", rows=12, columns=34
    ) as shell:
        code, shown = shell.end()
    assert code == 4
    assert b"/dev/pts/" in shown
    assert b"12 34" in shown


def test_the_terminal_is_needed_and_given_back(sampan: Any) -> None:
    assert sampan("run", "--rm", "-it", sampan.image, "sh", code=1) == "the input device is not a TTY\n"
    name = sampan.name()
    with sampan.on_terminal("run", "-it", "--name", name, sampan.image, "nosuchcommand") as shell:
        code, shown = shell.end()
    assert code == 127
    # A terminal left raw would print the newline without a return.
    assert shown.endswith(b"for more information\r\n")
