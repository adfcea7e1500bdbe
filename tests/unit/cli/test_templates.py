"""Go templates, as far as people use them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.cli.output import shorten, table
from sampan.cli.template.errors import TemplateError
from sampan.cli.template.render import render
from sampan.cli.template.values import typed

_VALUE = {
    "Name": "web",
    "Up": True,
    "Count": 3,
    "Tags": ["a", "b"],
    "Labels": {"x": "1", "com.example.y": "2"},
    "Net": {"bridge": {"IP": "10.0.0.2"}},
    "None": None,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{.Name}}", "web"),
        ("{{ .Net.bridge.IP }}", "10.0.0.2"),
        ("{{json .Tags}}", '["a","b"]'),
        ("{{json .Labels}}", '{"x":"1","com.example.y":"2"}'),
        ("{{.Up}} {{.Count}} {{.Tags}} {{.None}}", "true 3 [a b] <nil>"),
        ("{{range .Tags}}<{{.}}>{{end}}", "<a><b>"),
        ("{{range $i, $t := .Tags}}{{$i}}{{$t}}{{$.Name}} {{end}}", "0aweb 1bweb "),
        ("{{range $k, $v := .Net}}{{$k}}={{$v.IP}}{{end}}", "bridge=10.0.0.2"),
        ("{{range .None}}x{{else}}empty{{end}}", "empty"),
        ("{{if .Up}}up{{else}}down{{end}}", "up"),
        ('{{if eq .Name "db"}}1{{else if gt .Count 2}}2{{else}}3{{end}}', "2"),
        ("{{with .Net.bridge}}{{.IP}}{{end}}", "10.0.0.2"),
        ('{{index .Labels "com.example.y"}} {{index .Tags 1}}', "2 b"),
        ('{{.Name | upper | printf "%s!"}}', "WEB!"),
        ('{{join .Tags ","}} {{len .Tags}} {{truncate .Name 2}}', "a,b 2 we"),
        ("{{println .Name}}", "web\n"),
        ("{{$x := .Name}}{{$x}}{{/* note */}}", "web"),
        ("a {{- .Name -}} b", "awebb"),
        ('{{(index .Net "bridge").IP}}', "10.0.0.2"),
        ("{{not .Up}} {{and .Up .Name}} {{or .None .Name}}", "false web web"),
        ('{{printf "%-5s|%03d" .Name .Count}}', "web  |003"),
    ],
)
def test_rendering(template: str, text: str) -> None:
    assert render(template, typed(_VALUE)) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{",
        "{{.Nope}}",
        "{{nope .Name}}",
        "{{range .Tags}}",
        "{{end}}",
        "{{.Name.More}}",
        "{{}}",
        "{{$x}}",
        "{{if}}{{end}}",
        "{{join .Tags}}",
        "{{.None.X}}",
        "{{%}}",
    ],
)
def test_a_bad_template_is_told(template: str) -> None:
    with pytest.raises(TemplateError, match="template"):
        render(template, typed(_VALUE))


_PIECES = st.sampled_from(
    ["{{", "}}", ".", ".Name", "$", "$x", ":=", "=", "range ", "if ", "end", "else", " ", "|", "(", ")", '"a"', "-", "5",
     "printf ", "index ", ",", "with ", "define ", "template ", "/*", "*/", "`", "'", "text"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map("".join) | st.text(max_size=40))
def test_any_text_is_a_template_or_is_told(text: str) -> None:
    try:
        render(text, typed(_VALUE))
    except TemplateError as error:
        assert error.message.startswith("template: ")


def test_a_template_that_calls_itself_ends() -> None:
    with pytest.raises(TemplateError, match="exceeded maximum template depth"):
        render('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', {})


def test_tables_are_laid_out_as_dockers() -> None:
    assert table(["ID", "NAME"], [["a", "b"], ["much longer text", "c"]]) == (
        "ID                 NAME\na                  b\nmuch longer text   c\n"
    )
    assert table(["ID", "NAME"], []) == "ID        NAME\n"
    assert [shorten("abcdef", 4), shorten("abc", 4)] == ["abc…", "abc"]
