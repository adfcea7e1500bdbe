"""Derive ``schema-v1.51.json`` from the Engine API's OpenAPI document: field names and types, no prose.

    python tests/golden/api/derive.py docker-engine-api-v1.51.yaml

Every field may be null, as Go's empty slices and maps are; a field that the document does
not name is refused, so that a misspelt one is found.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

Schema = dict[str, object]
_OPERATIONS = (
    ("get", "/containers/json", "200"),
    ("post", "/containers/create", "201"),
    ("get", "/containers/{id}/json", "200"),
    ("get", "/containers/{id}/top", "200"),
    ("post", "/containers/{id}/wait", "200"),
    ("post", "/containers/prune", "200"),
    ("post", "/containers/{id}/exec", "201"),
    ("get", "/exec/{id}/json", "200"),
    ("get", "/images/json", "200"),
    ("get", "/images/{name}/json", "200"),
    ("get", "/images/{name}/history", "200"),
    ("post", "/images/prune", "200"),
    ("delete", "/images/{name}", "200"),
    ("get", "/info", "200"),
    ("get", "/version", "200"),
    ("get", "/events", "200"),
    ("get", "/networks", "200"),
    ("get", "/networks/{id}", "200"),
    ("get", "/system/df", "200"),
)


def derive(document: dict[str, object]) -> dict[str, Schema]:
    """A self-contained schema by ``METHOD path``."""
    found: dict[str, Schema] = {}
    paths, definitions = _object(document["paths"]), _object(document["definitions"])
    for method, path, status in _OPERATIONS:
        answers = _object(_object(_object(paths[path])[method])["responses"])
        responses = {str(key): value for key, value in answers.items()}
        found[f"{method.upper()} {path}"] = _strip(_object(_object(responses[status])["schema"]), definitions)
    return found


def _object(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _strip(schema: Schema, definitions: dict[str, object]) -> Schema:
    schema = _flat(schema, definitions)
    kind = schema.get("type", "object" if "properties" in schema else None)
    if kind == "array":
        return {"type": ["array", "null"], "items": _strip(_object(schema["items"]), definitions)}
    if kind != "object":
        return {"type": [kind, "null"]} if kind else {}
    properties = _object(schema.get("properties") or {})
    more = schema.get("additionalProperties")
    extra: object = not properties
    if isinstance(more, dict):
        extra = _strip(more, definitions)
    return {
        "type": ["object", "null"],
        "properties": {
            name: _strip(_object(value), definitions) for name, value in sorted(properties.items())
        },
        "additionalProperties": extra,
    }


def _flat(schema: Schema, definitions: dict[str, object]) -> Schema:
    """References followed and ``allOf`` joined."""
    if "$ref" in schema:
        return _flat(_object(definitions[str(schema["$ref"]).rpartition("/")[2]]), definitions)
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    joined: Schema = {key: value for key, value in schema.items() if key != "allOf"}
    properties: dict[str, object] = dict(_object(joined.get("properties") or {}))
    for part in parts:
        flat = _flat(_object(part), definitions)
        properties.update(_object(flat.get("properties") or {}))
        for key, value in flat.items():
            joined.setdefault(key, value)
    if properties:
        joined["properties"] = properties
        joined["type"] = "object"
    return joined


if __name__ == "__main__":
    derived = derive(yaml.safe_load(Path(sys.argv[1]).read_text()))
    target = Path(__file__).with_name("schema-v1.51.json")
    target.write_text(json.dumps(derived, indent=1, sort_keys=True) + "\n")
