"""References against a corpus whose answers are those of Docker 26, and round trips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.errors import InvalidArgument
from sampan.oci.digest import Digest
from sampan.oci.reference import Reference, is_identifier, parse_normalized

GOLDEN = Path(__file__).parents[2] / "golden" / "references"
VALID = json.loads((GOLDEN / "valid.json").read_text())
INVALID = json.loads((GOLDEN / "invalid.json").read_text())


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["text"][:40])
def test_a_valid_reference(case: dict[str, str]) -> None:
    reference = parse_normalized(case["text"])
    assert reference.canonical() == case["canonical"]
    assert reference.familiar() == case["familiar"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: repr(case["text"][:40]))
def test_an_invalid_reference(case: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_normalized(case["text"])
    assert caught.value.message == case["message"]
    assert caught.value.ref in case["text"]


def test_the_default_tag_is_only_given_where_nothing_else_is() -> None:
    digest = Digest("sha256:" + "0" * 64)
    assert parse_normalized("a").with_default_tag().familiar() == "a:latest"
    assert parse_normalized("a:b").with_default_tag().familiar() == "a:b"
    assert parse_normalized("a").with_digest(digest).with_default_tag().tag is None


@pytest.mark.parametrize("tag", ["", "-a", ".a", "a b", "a/b", "a:b", "t" * 129, "ä", "a\n"])
def test_a_bad_tag_is_refused(tag: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse_normalized("a").with_tag(tag)
    assert caught.value.message == "invalid tag format"


def test_identifiers() -> None:
    assert is_identifier("0" * 64)
    assert not is_identifier("0" * 63)
    assert not is_identifier("A" * 64)


_component = st.from_regex(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*", fullmatch=True).filter(
    lambda text: len(text) < 60
)
_domain = st.from_regex(r"(?:[a-z0-9]{1,8}\.){1,3}[a-z]{2,5}(?::[0-9]{1,5})?", fullmatch=True)
_tag = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
_digest = st.none() | st.from_regex(r"sha256:[a-f0-9]{64}", fullmatch=True)


@st.composite
def references(draw: st.DrawFn) -> Reference:
    path = "/".join(draw(st.lists(_component, min_size=2, max_size=4)))
    digest = draw(_digest)
    return Reference(
        domain=draw(st.just("docker.io") | _domain),
        path=path,
        tag=draw(_tag),
        digest=None if digest is None else Digest(digest),
    )


@given(references())
def test_both_forms_lead_back_to_the_reference(reference: Reference) -> None:
    assert parse_normalized(reference.canonical()) == reference
    # "localhost" alone is a domain, so docker.io/localhost/x has no short form of its own.
    if not (reference.domain == "docker.io" and _looks_like_domain(reference.path)):
        assert parse_normalized(reference.familiar()) == reference


def _looks_like_domain(path: str) -> bool:
    first = path.partition("/")[0]
    return first == "localhost" or "." in first


@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        reference = parse_normalized(text)
    except InvalidArgument:
        return
    assert parse_normalized(reference.canonical()) == reference
