"""An uploaded archive of images: its members taken in as they arrive.

Large members become blobs at once, small ones stay in memory until someone wants them,
so the archive is written once and read once. Names are looked up, never opened.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
from collections.abc import AsyncIterator

from sampan.errors import InvalidArgument, NotFound, TooLarge
from sampan.images.holds import Hold
from sampan.linux.offload import offload
from sampan.oci import digest as digests
from sampan.oci.digest import Digest
from sampan.transfer.incoming import add_held, commit_held, new_key
from sampan.transfer.ports import BlobStore, Ingest
from sampan.transfer.tar_stream import Member, MemberEnd, MemberKind, TarStream

_SMALL = 64 << 10
_MOST_MEMBERS = 100_000
_MOST_MEMORY = 64 << 20
_MOST_LINKS = 16
_LONGEST_NAME = 4096
# Configs, manifests and indexes: more than this is no honest document.
LONGEST_DOCUMENT = 8 << 20

_BLOB_NAME = re.compile(r"blobs/(sha256)/([a-f0-9]{64})")


class Archive:
    """The members of one archive. Blobs taken in are kept by the hold it was made with."""

    def __init__(self, *, content: BlobStore, hold: Hold) -> None:
        self._content = content
        self._hold = hold
        self._small: dict[str, bytes] = {}
        self._blobs: dict[str, Digest] = {}
        self._links: dict[str, str] = {}
        self._memory = 0
        self._entered: contextlib.ExitStack | None = None
        self._ingest: Ingest | None = None
        self._buffer: bytearray | None = None
        self._name = ""

    async def receive(self, chunks: AsyncIterator[bytes]) -> None:
        """Take the whole archive in; ``chunks`` are plain tar.

        Raises:
            InvalidArgument: it is no tar, damaged or cut short, or a blob is not what its
                name says.
            TooLarge: it has more members than an archive of images can need.
        """
        stream = TarStream()
        try:
            empty = True
            async for chunk in chunks:
                empty = False
                await offload(self._take, stream, chunk)
            stream.close()
            if empty:
                raise InvalidArgument("the archive is empty", kind="archive")
        finally:
            self._abort()

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted({*self._small, *self._blobs})

    def has(self, name: str) -> bool:
        """Whether there is such a file, or a link that leads to one."""
        return self._find(name) is not None

    def document(self, name: str) -> bytes:
        """The content of a small file. Blocking.

        Raises:
            NotFound: there is none.
            TooLarge: it is longer than a document may be.
        """
        found = self._existing(name)
        if found in self._small:
            return self._small[found]
        return read_document(self._content, self._blobs[found])

    def blob(self, name: str) -> Digest:
        """The file as a blob in the content store. Blocking. Raises NotFound."""
        found = self._existing(name)
        if found in self._small:
            self._blobs[found] = add_held(self._content, self._small.pop(found), self._hold)
        return self._blobs[found]

    def _existing(self, name: str) -> str:
        found = self._find(name)
        if found is None:
            raise NotFound(f"the archive has no file {name!r}", kind="member", ref=name)
        return found

    def _find(self, name: str) -> str | None:
        """The file that ``name`` leads to, through links within the archive."""
        path: str | None = _normal(name)
        for _ in range(_MOST_LINKS):
            if path is None or path in self._small or path in self._blobs:
                return path
            target = self._links.get(path)
            path = None if target is None else _normal(target)
        return None

    def _take(self, stream: TarStream, chunk: bytes) -> None:
        for step in stream.feed(chunk):
            if isinstance(step, Member):
                self._begin(step)
            elif step is MemberEnd.END:
                self._end()
            elif self._buffer is not None:
                self._buffer += step
            elif self._ingest is not None:
                self._ingest.write(bytes(step))

    def _begin(self, member: Member) -> None:
        if len(member.name) > _LONGEST_NAME or len(member.link) > _LONGEST_NAME:
            raise TooLarge("a name in the archive is too long", kind="archive")
        known = len(self._small) + len(self._blobs) + len(self._links)
        if known >= _MOST_MEMBERS:
            raise TooLarge(f"the archive has more than {_MOST_MEMBERS} files", kind="archive")
        name = _normal(member.name)
        if name is None:
            return
        self._forget(name)
        match member.kind:
            case MemberKind.SYMLINK:
                self._links[name] = posixpath.join(posixpath.dirname(name), member.link)
            case MemberKind.HARD_LINK:
                self._links[name] = member.link
            case MemberKind.FILE:
                self._name = name
                if member.size_bytes <= _SMALL:
                    self._memory += member.size_bytes
                    if self._memory > _MOST_MEMORY:
                        raise TooLarge("the archive has too many small files", kind="archive")
                    self._buffer = bytearray()
                else:
                    self._entered = contextlib.ExitStack()
                    self._ingest = self._entered.enter_context(self._content.ingest(new_key("load")))
            case MemberKind.DIRECTORY | MemberKind.OTHER:
                pass

    def _end(self) -> None:
        if self._buffer is not None:
            data = bytes(self._buffer)
            self._buffer = None
            if _BLOB_NAME.fullmatch(self._name):
                _check_name(self._name, digests.of_bytes(data))
            self._small[self._name] = data
        elif self._ingest is not None and self._entered is not None:
            blob = commit_held(self._ingest, self._hold, "")
            self._ingest = None
            self._entered.close()
            _check_name(self._name, blob.digest)
            self._blobs[self._name] = blob.digest

    def _forget(self, name: str) -> None:
        """A later member replaces an earlier one of the same name."""
        self._memory -= len(self._small.pop(name, b""))
        self._blobs.pop(name, None)
        self._links.pop(name, None)

    def _abort(self) -> None:
        if self._ingest is not None and self._entered is not None:
            self._ingest.abort()
            self._ingest = None
            self._entered.close()


def read_document(content: BlobStore, digest: Digest) -> bytes:
    """The whole blob, if it is short enough for a document. Raises TooLarge, NotFound."""
    size = content.info(digest).size_bytes
    if size > LONGEST_DOCUMENT:
        raise TooLarge(f"a document of {size} bytes", kind="blob", ref=digest)
    with content.open(digest) as blob:
        return blob.read(LONGEST_DOCUMENT)


def _check_name(name: str, digest: Digest) -> None:
    match = _BLOB_NAME.fullmatch(name)
    if match is not None and digest != f"{match[1]}:{match[2]}":
        raise InvalidArgument(
            f"{name} is damaged: its content is {digest}", kind="blob", ref=f"{match[1]}:{match[2]}"
        )


def _normal(name: str) -> str | None:
    """The name without ``.``, ``..`` and leading slashes; None if it leaves the archive."""
    path = posixpath.normpath(name.lstrip("/") or ".")
    if path in (".", "..") or path.startswith("../"):
        return None
    return path
