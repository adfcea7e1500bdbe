"""What ``create`` sends and refuses, word for word as the docker CLI 28.2.2 does.

``create.json`` holds what that client sent to, or printed before, a recording socket for
each command line: the differences from the body of the first one (``base``). "docker" is
written "sampan" in its messages, and ``$CWD`` is where it was started.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sampan.cli.main import main

_RECORDED = json.loads((Path(__file__).parent / "create.json").read_text())


@pytest.fixture
def _work_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "env1").write_text("# comment\nX=1\n\nY=a b \nHOME_X\nUNSET_VAR\n  Z=3\n")
    (tmp_path / "env2").write_text('\ufeffBOM=1\nQ="quoted"\n')
    (tmp_path / "badenv").write_text("a b=c\n")
    (tmp_path / "labels1").write_text("k=v\n#c\nonly\n")
    (tmp_path / "prof1.json").write_text('{\n "defaultAction": "SCMP_ACT_ALLOW",\n  "x": [1, 2]\n}\n')
    (tmp_path / "existing").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME_X", "hx")
    for name in ("UNSET_VAR", "DOCKER_API_VERSION", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY"):
        monkeypatch.delenv(name, raising=False)


def _shown(case: dict[str, Any]) -> str:
    return " ".join(case["argv"]) or "empty"


@pytest.mark.usefixtures("_work_place")
@pytest.mark.parametrize("case", _RECORDED["cases"], ids=_shown)
def test_a_create_request_is_docker_s(
    case: dict[str, Any], recorder: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    case = json.loads(json.dumps(case).replace("$CWD", str(tmp_path)))
    recorder.answers["POST", "/containers/create"] = (201, {"Id": "abcdef", "Warnings": []})
    code = main(["-H", recorder.url, "create", *case["argv"]])
    shown = capsys.readouterr()
    if "stderr" in case:
        assert (code, shown.err, recorder.asked) == (case["exit_code"], case["stderr"], [])
        return
    assert (code, shown.out, shown.err) == (0, "abcdef\n", "")
    (asked,) = recorder.asked
    host = {**_RECORDED["base"]["HostConfig"], **case.get("host", {})}
    wanted = {**_RECORDED["base"], **case.get("config", {}), "HostConfig": host}
    assert json.loads(asked.body) == wanted
    assert dict(asked.query) == case.get("query", {})
