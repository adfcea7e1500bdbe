"""The documents tell all there is, and of each thing once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_REPOSITORY = Path(__file__).parents[3]
_DOCUMENTS = sorted([*_REPOSITORY.glob("*.md"), *(_REPOSITORY / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")


def _reached_from(first: Path) -> set[Path]:
    """The pages that a reader gets to by following links."""
    reached = {first}
    waiting = [first]
    while waiting:
        page = waiting.pop()
        for link in _LINK.findall(page.read_text()):
            target = (page.parent / link).resolve()
            if target.suffix == ".md" and target.exists() and target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def test_every_page_can_be_reached_from_the_readme() -> None:
    lost = set(_DOCUMENTS) - _reached_from(_REPOSITORY / "README.md")
    assert {page.name for page in lost} == set()


def test_the_glossary_is_in_order() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (_REPOSITORY / "docs/glossary.md").read_text(), flags=re.MULTILINE)
    terms = [row.strip().lower() for row in rows[1:] if set(row) - set("- ")]
    assert len(terms) > 10
    assert terms == sorted(set(terms))


def test_the_documented_dependencies_are_those_of_the_package() -> None:
    project = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["daemon"]]
    names = {re.split(r"[<>=~!\[ ]", line)[0] for line in wanted}
    text = (_REPOSITORY / "docs/dependencies.md").read_text()
    listed = set(re.findall(r"^\| (\S+) \| (?:all|daemon|client)\b", text, flags=re.MULTILINE))
    assert listed == names
