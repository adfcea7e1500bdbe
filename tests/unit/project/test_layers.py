"""The folders: each says in one sentence what it is, and imports point one way."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[3]
_PACKAGE = _REPOSITORY / "sampan"
_FOLDERS = sorted(path.parent for path in _PACKAGE.rglob("__init__.py"))


def _contracts() -> list[dict[str, list[str] | str]]:
    settings = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text())
    contracts: list[dict[str, list[str] | str]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


def test_imports_keep_to_the_layers() -> None:
    # The console script's entry point, so that no PATH is needed.
    program = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=_REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_has_its_layer() -> None:
    """A new folder has to be put into an order, the server's or the client's."""
    placed = {
        name.strip().removeprefix("sampan.")
        for contract in _contracts()
        if contract["type"] == "layers"
        for line in contract["layers"]
        for name in line.split("|")
    }
    found = {path.name for path in _PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert found - {"testing"} - placed == set(), "folders without a layer"
    known = found | {path.stem for path in _PACKAGE.glob("*.py")}
    assert placed - known == set(), "layers without a folder"


def test_the_client_may_import_no_folder_of_the_server() -> None:
    contracts = {str(contract["name"]): contract for contract in _contracts()}
    client = {"sampan.cli", "sampan.client", "sampan.compose"}
    shared = {"sampan.wire", "sampan.models", "sampan.oci", "sampan.log", "sampan.errors"}
    server = {
        name.strip() for line in contracts["the server's layers"]["layers"] for name in line.split("|")
    } - shared
    forbidden = set(contracts["the client imports no part of the server"]["forbidden_modules"])
    assert forbidden >= server - client


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda path: str(path.relative_to(_REPOSITORY)))
def test_a_folder_says_what_it_is(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text())
    sentence = ast.get_docstring(tree) or ""
    assert len(tree.body) == 1, "an __init__.py holds its folder's sentence and nothing else"
    assert sentence.endswith("."), "the sentence ends with a full stop"
    assert "\n" not in sentence


def test_folders_with_modules_are_packages() -> None:
    lost = {path.parent for path in _PACKAGE.rglob("*.py") if not (path.parent / "__init__.py").exists()}
    assert lost == set()


def test_only_tests_import_the_fakes() -> None:
    guilty = [
        str(path.relative_to(_REPOSITORY))
        for path in _PACKAGE.rglob("*.py")
        if "testing" not in path.relative_to(_PACKAGE).parts and "sampan.testing" in path.read_text()
    ]
    assert guilty == []
