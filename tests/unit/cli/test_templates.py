"""Go templates, as far as people use them."""

from __future__ import annotations

import pytest

from sampan.cli.output import shorten, table
from sampan.cli.template.render import render
from sampan.errors import InvalidArgument

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
        ("{{.Up}} {{.Count}} {{.Tags}} {{.None}}", "true 3 [a b] <no value>"),
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
    assert render(template, _VALUE) == text


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
        "{{range .Count}}{{end}}",
        "{{%}}",
    ],
)
def test_a_bad_template_is_told(template: str) -> None:
    with pytest.raises(InvalidArgument, match="template"):
        render(template, _VALUE)


def test_tables_are_laid_out_as_dockers() -> None:
    assert table(["ID", "NAME"], [["a", "b"], ["much longer text", "c"]]) == (
        "ID                 NAME\na                  b\nmuch longer text   c\n"
    )
    assert table(["ID", "NAME"], []) == "ID        NAME\n"
    assert [shorten("abcdef", 4), shorten("abc", 4)] == ["abc…", "abc"]
