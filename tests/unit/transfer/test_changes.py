"""``--change``, with the answers of Docker 26."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.errors import InvalidArgument
from sampan.oci.image_config import ExecutionConfig, Healthcheck
from sampan.transfer.changes import apply_changes
from sampan.transfer.words import expand, split_words

SHELL = ["/bin/sh", "-c"]


def changed(*changes: str) -> dict[str, object]:
    """What the changes set, by the config's own names."""
    config = apply_changes(ExecutionConfig(), changes)
    values = msgspec.to_builtins(config)
    assert isinstance(values, dict)
    return values


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ('CMD ["sh", "-x"]', {"Cmd": ["sh", "-x"]}),
        ("CMD", {"Cmd": SHELL}),
        ("CMD []", {"Cmd": []}),
        ("cmd echo hi # no comment", {"Cmd": [*SHELL, "echo hi # no comment"]}),
        ("CMD echo $HOME 'a b'", {"Cmd": [*SHELL, "echo $HOME 'a b'"]}),
        ("CMD ['a']", {"Cmd": [*SHELL, "['a']"]}),
        ("CMD echo \\\n a", {"Cmd": [*SHELL, "echo  a"]}),
        ("ENTRYPOINT a b", {"Entrypoint": [*SHELL, "a b"]}),
        ("ENTRYPOINT []", {}),
        ("ENV A=1 B='c d' C=\"e f\"", {"Env": ["A=1", "B=c d", "C=e f"]}),
        ("ENV A b c", {"Env": ["A=b c"]}),
        ("ENV A=1 D=$A E=${A:-x}", {"Env": ["A=1", "D=", "E=x"]}),
        ("LABEL a=b c='d e'", {"Labels": {"a": "b", "c": "d e"}}),
        ("LABEL a b c", {"Labels": {"a": "b c"}}),
        ("EXPOSE 80 90/udp", {"ExposedPorts": {"80/tcp": {}, "90/udp": {}}}),
        ("EXPOSE 80-82/tcp", {"ExposedPorts": {"80/tcp": {}, "81/tcp": {}, "82/tcp": {}}}),
        ("EXPOSE 127.0.0.1:80:90", {"ExposedPorts": {"90/tcp": {}}}),
        ("USER foo:bar", {"User": "foo:bar"}),
        ('VOLUME ["/a","/b"] ', {"Volumes": {"/a": {}, "/b": {}}}),
        ("VOLUME /a /b", {"Volumes": {"/a": {}, "/b": {}}}),
        ("WORKDIR rel", {"WorkingDir": "/rel"}),
        ("WORKDIR /a/../b/", {"WorkingDir": "/b"}),
        ("WORKDIR //a", {"WorkingDir": "/a"}),
        ("STOPSIGNAL SIGINT", {"StopSignal": "SIGINT"}),
        ("STOPSIGNAL 9", {"StopSignal": "9"}),
        ("STOPSIGNAL RTMIN+3", {"StopSignal": "RTMIN+3"}),
        ("ONBUILD RUN x", {"OnBuild": ["RUN x"]}),
        ("HEALTHCHECK NONE", {"Healthcheck": {"Test": ["NONE"]}}),
        (
            "HEALTHCHECK --interval=5s CMD foo bar",
            {"Healthcheck": {"Test": ["CMD-SHELL", "foo bar"], "Interval": 5_000_000_000}},
        ),
        (
            'HEALTHCHECK --retries=3 --timeout=1m30s CMD ["a","b"]',
            {"Healthcheck": {"Test": ["CMD", "a", "b"], "Timeout": 90_000_000_000, "Retries": 3}},
        ),
        ("USER a\nCMD x", {"User": "a", "Cmd": [*SHELL, "x"]}),
        ("# a comment\nUSER a", {"User": "a"}),
    ],
)
def test_a_change(change: str, expected: dict[str, object]) -> None:
    assert changed(change) == expected


def test_changes_build_on_each_other() -> None:
    assert changed("ENV A=/x", "ENV A=$A/y B=$A", "WORKDIR $A", "WORKDIR z", "LABEL l=${B}") == {
        "Env": ["A=/x/y", "B=/x"],
        "WorkingDir": "/x/y/z",
        "Labels": {"l": "/x"},
    }
    before = ExecutionConfig(labels={"a": "1"}, healthcheck=Healthcheck(test=["NONE"]), shell=["/bin/ash"])
    after = apply_changes(before, ["LABEL b=2", "CMD x"])
    assert after.labels == {"a": "1", "b": "2"}
    assert after.healthcheck == before.healthcheck
    assert after.cmd == ["/bin/ash", "x"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("", "file with no instructions"),
        ("# only a comment", "file with no instructions"),
        ("FOO bar", "FOO is not a valid change command"),
        ("RUN x", "RUN is not a valid change command"),
        ("COPY a b", "COPY is not a valid change command"),
        ('SHELL ["a"]', "SHELL is not a valid change command"),
        ("!x", "!X is not a valid change command"),
        ("ENV", "ENV requires at least one argument"),
        ("ENV A", "ENV must have two arguments"),
        ("LABEL", "LABEL requires at least one argument"),
        ("EXPOSE", "EXPOSE requires at least one argument"),
        ("EXPOSE x", "Invalid containerPort: x"),
        ("EXPOSE 70000", "Invalid containerPort: 70000"),
        ("EXPOSE 9-8", "Invalid containerPort: 9-8"),
        ("EXPOSE 80/x", "Invalid proto: x"),
        ("USER", "USER requires exactly one argument"),
        ("STOPSIGNAL 99x", "invalid signal: 99x"),
        ("STOPSIGNAL $X", "invalid signal: "),
        ('CMD ["a", 1]', "when using JSON array syntax, arrays must be comprised of strings only"),
        ("ONBUILD ONBUILD x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
        ("HEALTHCHECK --interval=1x CMD a", 'time: unknown unit "x" in duration "1x"'),
        ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK --frequency=1s CMD a", "unknown flag: --frequency"),
        ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
    ],
)
def test_a_bad_change_is_refused(change: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        changed(change)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "1"),
        ("${A}b", "1b"),
        ("'$A'", "$A"),
        ('"$A"', "1"),
        (r"\$A", "$A"),
        (r'"\$A \x"', r"$A \x"),
        ("${N:-d}", "d"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${A:+d}", "d"),
        ("${E:+d}", ""),
        ("${E+d}", "d"),
        ("${N:-${A}x}", "1x"),
        ("$", "$"),
        ("a$$b", "a$$b".replace("$$b", "$")),
    ],
)
def test_words_are_expanded(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "E": ""}) == expected


@pytest.mark.parametrize("text", ["'a", '"a', "${A", "${}", "${A:x}", "${N:?gone}", "${N:-a"])
def test_bad_words_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        expand(text, {"A": "1"})


@given(st.text(alphabet=st.sampled_from("aA1 =$\\'\"{}:-+?\n[],/"), max_size=40))
def test_any_change_is_applied_or_refused(text: str) -> None:
    for instruction in ("ENV", "LABEL", "CMD", "HEALTHCHECK", "EXPOSE", "VOLUME", "WORKDIR"):
        try:
            apply_changes(ExecutionConfig(), [f"{instruction} {text}"])
        except InvalidArgument:
            continue


@given(st.text(max_size=40))
def test_no_character_is_lost_by_splitting(text: str) -> None:
    assert "".join(split_words(text)) == "".join(_unquoted_blanks_removed(text))


def _unquoted_blanks_removed(text: str) -> list[str]:
    kept: list[str] = []
    quote = ""
    escaped = False
    for position, char in enumerate(text):
        if escaped:
            kept.append(char)
            escaped = False
            continue
        if not quote and char.isspace():
            continue
        if char == "\\" and quote != "'" and position + 1 < len(text):
            escaped = True
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        kept.append(char)
    return kept
