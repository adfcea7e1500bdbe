"""What commands ask for and print, word for word as the docker CLI 28.2.2 does with the same answers.

``listings.json`` holds an engine's answers, and for each command line what that client asked
for and printed. Ages count from ``now``.
"""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sampan.cli.main import main

_RECORDED = json.loads((Path(__file__).parent / "listings.json").read_text())


@pytest.fixture(autouse=True)
def _then_and_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.tar").write_bytes(b"tarbytes")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time", lambda: float(_RECORDED["now"]))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    monkeypatch.delenv("DOCKER_API_VERSION", raising=False)


def _asked(recorder: Any) -> list[list[object]]:
    return [
        [
            asked.method,
            asked.path,
            sorted([name, json.loads(text) if name == "filters" else text] for name, text in asked.query),
        ]
        for asked in recorder.asked
    ]


@pytest.mark.parametrize("case", _RECORDED["cases"], ids=lambda case: " ".join(case["argv"]))
def test_a_command_does_as_docker_s(
    case: dict[str, Any], recorder: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    for request, (status, answer) in _RECORDED["answers"].items():
        method, _, path = request.partition(" ")
        raw = isinstance(answer, dict) and set(answer) == {"raw"}
        recorder.answers[method, path] = (status, answer["raw"].encode("latin-1") if raw else answer)
    code = main(["-H", recorder.url, *case["argv"]])
    shown = capfd.readouterr()
    assert (code, shown.out, shown.err) == (case.get("exit_code", 0), case["stdout"], case.get("stderr", ""))
    assert _asked(recorder) == case["asked"]
