"""Why a container or exec did not start, from whichever side tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.runtime.conmon import RuntimeRefused, explained
from sampan.runtime.paths import MonitorPaths
from sampan.runtime.refusal import translate


def _refused(paths: MonitorPaths, said: str) -> str:
    with pytest.raises(RuntimeRefused) as caught, explained(paths):
        raise RuntimeRefused(said)
    return caught.value.message


def test_the_runtimes_own_log_explains_a_bare_failure(tmp_path: Path) -> None:
    paths = MonitorPaths(tmp_path, "c")
    assert _refused(paths, "the OCI runtime failed with code -1") == "the OCI runtime failed with code -1"
    paths.runtime_log.write_text(
        '{"level":"error","msg":"first"}\n{"level":"error","msg":"executable file `x` not found"}\n'
        '{"level":"debug","msg":"later"}\nnot json\n'
    )
    assert _refused(paths, "the OCI runtime failed with code -1") == "executable file `x` not found"


@pytest.mark.parametrize(
    ("said", "argv0", "code", "words"),
    [
        (
            "executable file `x` not found in $PATH: No such file or directory",
            "x",
            127,
            "executable file not found in $PATH",
        ),
        (
            "executable file `/x` not found in $PATH: No such file or directory",
            "/x",
            127,
            "stat /x: no such file",
        ),
        ("open executable: Permission denied", "/x", 126, "permission denied"),
        ("open executable: Operation not permitted", "/etc", 126, "is a directory"),
        ("the path `/etc` is not a regular file: Operation not permitted", "/etc", 126, "is a directory"),
        ("cannot mount the moon", "x", 128, "cannot mount the moon"),
    ],
)
def test_what_runtimes_say_gets_dockers_words_and_codes(said: str, argv0: str, code: int, words: str) -> None:
    refusal = translate(said, argv0=argv0, ref="c")
    assert refusal.exit_code == code
    assert words in refusal.message
