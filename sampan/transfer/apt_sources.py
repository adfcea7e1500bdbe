"""The mirrors that a machine's apt uses, from its source lists (sources.list(5))."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

_ONE_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)")
_OFF = frozenset({"no", "false", "without", "off", "disable"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class AptSource:
    """One suite of one mirror. ``signed_by`` is a keyring's path, or empty for apt's own choice."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""
    trusted: bool = False

    def line(self) -> str:
        """The source in the one-line form."""
        options = [
            *([f"signed-by={self.signed_by}"] if self.signed_by else []),
            *(["trusted=yes"] if self.trusted else []),
        ]
        bracket = f"[{' '.join(options)}] " if options else ""
        return f"deb {bracket}{self.uri} {self.suite} {' '.join(self.components)}".rstrip()

    def is_of(self, distribution: str) -> bool:
        """Whether the mirror's path says it is of ``distribution`` (``debian-security`` is of debian)."""
        path = self.uri.partition("://")[2] or self.uri
        return any(
            part == distribution or part.startswith(f"{distribution}-") for part in path.split("/")[1:]
        )


def read_apt_sources(directory: Path = Path("/etc/apt")) -> list[AptSource]:
    """All enabled binary sources, in apt's order of reading. Blocking."""
    found: list[AptSource] = []
    lists = [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*"))]
    for path in lists:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".sources":
            found += parse_deb822(text)
        elif path.suffix == ".list":
            found += parse_one_line(text)
    return found


def parse_one_line(text: str) -> list[AptSource]:
    """Sources in the form ``deb [options] uri suite component ...``; others are passed over."""
    found: list[AptSource] = []
    for raw in text.splitlines():
        match = _ONE_LINE.fullmatch(raw.partition("#")[0].strip())
        if match is None:
            continue
        options = dict(_option(word) for word in (match["options"] or "").split())
        found.append(
            AptSource(
                uri=match["uri"],
                suite=match["suite"],
                components=tuple(match["rest"].split()),
                signed_by=_keyring(options.get("signed-by", "")),
                trusted=options.get("trusted", "") == "yes",
            )
        )
    return found


def parse_deb822(text: str) -> list[AptSource]:
    """Sources in the deb822 form: stanzas of fields."""
    found: list[AptSource] = []
    for stanza in _stanzas(text.splitlines()):
        if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").lower() in _OFF:
            continue
        found += [
            AptSource(
                uri=uri,
                suite=suite,
                components=tuple(stanza.get("components", "").split()),
                signed_by=_keyring(stanza.get("signed-by", "")),
                trusted=stanza.get("trusted", "") == "yes",
            )
            for uri in stanza.get("uris", "").split()
            for suite in stanza.get("suites", "").split()
        ]
    return found


def _stanzas(lines: Iterable[str]) -> list[dict[str, str]]:
    stanzas: list[dict[str, str]] = [{}]
    last = ""
    for line in lines:
        if line.startswith("#"):
            continue
        if not line.strip():
            stanzas.append({})
            last = ""
        elif line[0].isspace():
            if last:
                stanzas[-1][last] += f"\n{line.strip()}"
        else:
            name, _, value = line.partition(":")
            last = name.strip().lower()
            stanzas[-1][last] = value.strip()
    return [stanza for stanza in stanzas if stanza]


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name.lower(), value


def _keyring(value: str) -> str:
    """A keyring's path; a key written out in the list itself, or a fingerprint, is none."""
    words = value.split()
    return words[0] if len(words) == 1 and words[0].startswith("/") else ""


def choose_sources(
    sources: Sequence[AptSource], *, distribution: str, host: str, codename: str, suite: str
) -> tuple[str, list[AptSource]]:
    """The suite to make, and its sources by the example of the machine's own: the base first.

    ``host`` and ``codename`` are the machine's distribution and its release; an empty
    ``suite`` means that release, or whatever the machine's mirror of ``distribution`` has
    first. Updates and security suites are carried over. No mirror: an empty list.
    """
    own = [source for source in sources if source.is_of(distribution)]
    if not own and distribution == host:
        own = [source for source in sources if source.suite.partition("-")[0] == codename]
    bases = [source for source in own if "-" not in source.suite and not source.suite.endswith("/")]
    if not bases:
        return suite, []
    base = next((source for source in bases if distribution == host and source.suite == codename), bases[0])
    wanted = suite or base.suite
    chosen = [dataclasses.replace(base, suite=wanted)]
    for source in own:
        stem, dash, ending = source.suite.partition("-")
        if stem == base.suite and dash and ending in ("updates", "security"):
            chosen.append(dataclasses.replace(source, suite=f"{wanted}-{ending}"))
    return wanted, chosen
