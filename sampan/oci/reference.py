"""Image references: ``[domain[:port]/]path[:tag][@digest]``, by Docker's grammar.

The grammar is that of the distribution project's package ``reference``; the short
("familiar") forms leave out ``docker.io`` and ``library``.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Self

from sampan.errors import InvalidArgument
from sampan.oci.digest import Digest
from sampan.oci.digest import parse as parse_digest

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
_LONGEST_PATH = 255

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])"
_DOMAIN = rf"{_HOST}(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_REFERENCE = re.compile(
    rf"(?P<domain>{_DOMAIN})/(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_ONLY_TAG = re.compile(_TAG)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reference:
    """A full name: ``domain`` and ``path`` are never empty; ``tag`` and ``digest`` may be None."""

    domain: str
    path: str
    tag: str | None = None
    digest: Digest | None = None

    @property
    def name(self) -> str:
        """Domain and path: the repository's full name."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The repository's name as people write it: ``busybox``, ``user/app``, ``host:5000/app``."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        rest = self.path.removeprefix(_OFFICIAL)
        return rest if "/" not in rest else self.path

    def canonical(self) -> str:
        """The full form: ``docker.io/library/busybox:latest``."""
        return self.name + self._suffix()

    def familiar(self) -> str:
        """The short form: ``busybox:latest``."""
        return self.familiar_name + self._suffix()

    def with_default_tag(self) -> Self:
        """This reference, with ``latest`` if it has neither tag nor digest."""
        if self.tag is not None or self.digest is not None:
            return self
        return dataclasses.replace(self, tag=DEFAULT_TAG)

    def with_tag(self, tag: str) -> Self:
        """This repository with ``tag`` and no digest. Raises InvalidArgument for a bad tag."""
        if _ONLY_TAG.fullmatch(tag) is None:
            raise _invalid("invalid tag format", tag)
        return dataclasses.replace(self, tag=tag, digest=None)

    def with_digest(self, digest: Digest) -> Self:
        """This repository at ``digest``, without a tag."""
        return dataclasses.replace(self, tag=None, digest=digest)

    def without_tag(self) -> Self:
        """The repository alone."""
        return dataclasses.replace(self, tag=None, digest=None)

    def __str__(self) -> str:
        return self.canonical()

    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag is not None else ""
        return f"{tag}@{self.digest}" if self.digest is not None else tag


def parse_normalized(text: str) -> Reference:
    """The reference ``text`` stands for, with ``docker.io/library`` filled in, the tag not.

    Raises:
        InvalidArgument: ``text`` breaks the grammar, has upper case in the path, looks like
            an image id (64 hexadecimal digits), has a path of more than 255 characters, or a
            digest that ``digest.parse`` refuses.
    """
    if _IDENTIFIER.fullmatch(text):
        raise _invalid(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings", text)
    domain, rest = _split_domain(text)
    path = rest.partition(":")[0]
    if path.lower() != path:
        raise _invalid(f"invalid reference format: repository name ({path}) must be lowercase", text)
    match = _REFERENCE.fullmatch(f"{domain}/{rest}")
    if match is None:
        raise _invalid("invalid reference format", text)
    if len(match["path"]) > _LONGEST_PATH:
        raise _invalid(f"repository name must not be more than {_LONGEST_PATH} characters", text)
    digest = match["digest"]
    return Reference(
        domain=match["domain"],
        path=match["path"],
        tag=match["tag"],
        digest=parse_digest(digest) if digest is not None else None,
    )


def is_identifier(text: str) -> bool:
    """Whether ``text`` has the form of a full image id without its algorithm."""
    return _IDENTIFIER.fullmatch(text) is not None


def _split_domain(text: str) -> tuple[str, str]:
    """The domain and what follows it; a first part is a domain if it could not be a path."""
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, _OFFICIAL + text
    is_domain = first == "localhost" or "." in first or ":" in first or first.lower() != first
    if not is_domain:
        return DEFAULT_DOMAIN, text
    if first in (DEFAULT_DOMAIN, _LEGACY_DOMAIN):
        return DEFAULT_DOMAIN, rest if "/" in rest else _OFFICIAL + rest
    return first, rest


def _invalid(message: str, text: str) -> InvalidArgument:
    return InvalidArgument(message, kind="reference", ref=text)
