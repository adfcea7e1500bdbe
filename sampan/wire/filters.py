"""Filters of listings, events and prunes: ``{"label": ["a=b"]}``, or Docker's older map of maps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from sampan.errors import InvalidArgument

_decoder = msgspec.json.Decoder(dict[str, list[str] | dict[str, bool]])


class Filters:
    """Values by filter name; values of one name are alternatives."""

    def __init__(self, values: Mapping[str, Iterable[str]] | None = None) -> None:
        self._values = {name: frozenset(found) for name, found in (values or {}).items()}

    @classmethod
    def parse(cls, text: str | None) -> Filters:
        """From the query parameter ``filters``. Raises InvalidArgument for what is not JSON of either form."""
        if not text:
            return cls()
        try:
            decoded = _decoder.decode(text)
        except msgspec.DecodeError as error:
            raise InvalidArgument(f"invalid filters: {error}", kind="filter", ref=text) from error
        return cls(
            {
                name: found if isinstance(found, list) else [key for key, on in found.items() if on]
                for name, found in decoded.items()
            }
        )

    def get(self, name: str) -> frozenset[str]:
        """The values of a filter; empty if it is not given."""
        return self._values.get(name, frozenset())

    def require(self, allowed: Collection[str]) -> None:
        """Raise InvalidArgument if another filter than these is given."""
        for name in self._values:
            if name not in allowed:
                raise InvalidArgument(f"invalid filter '{name}'", kind="filter", ref=name)

    def flag(self, name: str, *, default: bool) -> bool:
        """A filter that is true or false. Raises InvalidArgument for another value, or both."""
        values = self.get(name)
        if not values:
            return default
        if values <= {"1", "true", "True", "t", "T", "TRUE"}:
            return True
        if values <= {"0", "false", "False", "f", "F", "FALSE"}:
            return False
        raise InvalidArgument(f"invalid filter '{name}={sorted(values)}'", kind="filter", ref=name)

    def match_labels(self, labels: Mapping[str, str]) -> bool:
        """Whether all ``label`` filters hold, and no ``label!`` filter does."""
        return all(_holds(text, labels) for text in self.get("label")) and not any(
            _holds(text, labels) for text in self.get("label!")
        )

    def __bool__(self) -> bool:
        return any(self._values.values())


def _holds(text: str, labels: Mapping[str, str]) -> bool:
    key, found, value = text.partition("=")
    return key in labels and (not found or labels[key] == value)
