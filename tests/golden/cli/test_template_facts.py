"""What templates print, word for word as the docker CLI 28.2.2 prints them for the same container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sampan.cli.outcome import Failed
from sampan.cli.output import print_inspected

_RECORDED = json.loads((Path(__file__).parent / "templates.json").read_text())


@pytest.mark.parametrize("case", _RECORDED["cases"], ids=lambda case: case["template"])
def test_a_template_prints_what_docker_s_does(
    case: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    if "exit_code" not in case:
        print_inspected([_RECORDED["value"]], case["template"])
    else:
        with pytest.raises(Failed) as failed:
            print_inspected([_RECORDED["value"]], case["template"])
        assert (failed.value.exit_code, failed.value.message + "\n") == (case["exit_code"], case["stderr"])
    assert capsys.readouterr().out == case["stdout"]
