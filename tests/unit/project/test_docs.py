"""The documentation holds together: what a page links to is there."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).parents[3]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
PICTURES = sorted(REPOSITORY.glob("docs/**/*.svg"))
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def links_of(text: str) -> list[str]:
    """Relative link targets outside code, in order."""
    prose = _CODE.sub("", _FENCE.sub("", text))
    return [target for target in _LINK.findall(prose) if not _SCHEME.match(target)]


def anchors_of(text: str) -> set[str]:
    """The anchors that a page's headings get where pages are shown."""
    headings = _HEADING.findall(_FENCE.sub("", text))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def broken_links(page: Path, root: Path) -> list[str]:
    """The relative links of ``page`` that lead nowhere, or out of ``root``."""
    broken = []
    for link in links_of(page.read_text()):
        name, _, anchor = link.partition("#")
        target = (page.parent / unquote(name)).resolve() if name else page.resolve()
        missing = not target.exists() or not target.is_relative_to(root.resolve())
        if missing or (anchor and target.suffix == ".md" and anchor not in anchors_of(target.read_text())):
            broken.append(link)
    return broken


def test_there_are_pages() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "README.zh-CN.md", "CONTRIBUTING.md", "architecture.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_relative_links_resolve(page: Path) -> None:
    assert broken_links(page, REPOSITORY) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading: here\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](gone.md) [c](there.md#a-heading-here) [d](there.md#nowhere) [e](../page.md)\n"
        "[f](https://example.org/gone.md) ![g](gone.svg) `[h](code.md)`\n```\n[i](fenced.md)\n```\n"
    )
    assert broken_links(page, tmp_path) == ["gone.md", "there.md#nowhere", "../page.md", "gone.svg"]


def test_readmes_are_equal_but_for_their_language() -> None:
    """Same structure, links and examples: what one tells, the other tells too."""
    english, chinese = ((REPOSITORY / name).read_text() for name in ("README.md", "README.zh-CN.md"))
    other = {"README.md", "README.zh-CN.md"}
    assert set(links_of(english)) - other == set(links_of(chinese)) - other
    for pattern in (r"^#+ ", r"^- ", r"^```"):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, chinese)]
        assert found[0] == found[1], f"lines that begin with {pattern} differ"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_pictures_are_well_formed_and_described(picture: Path) -> None:
    root = ElementTree.parse(picture).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.find("{http://www.w3.org/2000/svg}title") is not None
