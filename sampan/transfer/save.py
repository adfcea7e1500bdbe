"""Images from the store into one archive that is a docker-archive and an OCI layout at once."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from sampan.errors import InternalError
from sampan.images.holds import Holds
from sampan.images.record import ImageRecord
from sampan.images.store import ImageStore
from sampan.linux.offload import offload
from sampan.oci import digest as digests
from sampan.oci.descriptor import ANNOTATION_IMAGE_NAME, ANNOTATION_REF_NAME, Descriptor
from sampan.oci.digest import Digest
from sampan.oci.index import Index, Layout, encode_index
from sampan.oci.manifest import Manifest, parse_manifest
from sampan.oci.reference import Reference
from sampan.transfer.archive import read_document
from sampan.transfer.incoming import PIECE_SIZE
from sampan.transfer.manifests import Manifests
from sampan.transfer.ports import BlobStore
from sampan.transfer.tar_writer import END, directory_header, file_header, padding

_BLOBS = "blobs/sha256/"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SavedImage:
    """An image to save, and the names (with tags) it takes along."""

    image: ImageRecord
    names: Sequence[Reference]


class _ManifestItem(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    config: str
    repo_tags: list[str] | None
    layers: list[str]
    layer_sources: dict[Digest, Descriptor]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Plan:
    blobs: list[tuple[Digest, int]]
    documents: dict[str, bytes]


class Saver:
    """Saves images with the very blobs and manifests they came with."""

    def __init__(self, *, content: BlobStore, images: ImageStore, manifests: Manifests, holds: Holds) -> None:
        self._content = content
        self._images = images
        self._manifests = manifests
        self._holds = holds

    def find(self, texts: Sequence[str]) -> list[SavedImage]:
        """What ``texts`` name: a repository without tag stands for all its tags. Blocking.

        Raises NotFound or InvalidArgument as ``ImageStore.resolve``.
        """
        found: dict[Digest, list[Reference]] = {}
        for text in texts:
            for image_id, name in self._named(text):
                names = found.setdefault(image_id, [])
                if name is not None and name.tag is not None and name not in names:
                    names.append(name)
        return [
            SavedImage(image=self._images.get(image_id), names=names) for image_id, names in found.items()
        ]

    def _named(self, text: str) -> list[tuple[Digest, Reference | None]]:
        # Docker's rule: `save busybox` means every tag of busybox, and only if there is none
        # may the text be the beginning of an id.
        repository = self._images.repository(text)
        if repository is not None:
            tagged = [name for name in self._images.names_in(repository) if name.reference.tag is not None]
            if tagged:
                return [(name.image_id, name.reference) for name in tagged]
        image, name = self._images.resolve_name(text)
        return [(image.id, name)]

    async def save(self, saved: Sequence[SavedImage]) -> AsyncIterator[bytes]:
        """The archive, in pieces of about a megabyte.

        Raises InternalError, in the middle of the stream, if a blob turns out damaged: the
        archive is then cut short, so that no reader takes it for whole.
        """
        with self._holds.hold() as hold:
            images = [(one, await self._manifests.of(one.image, hold)) for one in saved]
            plan = await offload(self._plan, images)
            yield directory_header("blobs/") + directory_header(_BLOBS)
            for digest, size in plan.blobs:
                yield file_header(_path(digest), size)
                async for piece in self._blob(digest, size):
                    yield piece
                yield padding(size)
            for name, document in sorted(plan.documents.items()):
                yield file_header(name, len(document)) + document + padding(len(document))
            yield END

    def _plan(self, images: Sequence[tuple[SavedImage, Digest]]) -> _Plan:
        sizes: dict[Digest, int] = {}
        items: list[_ManifestItem] = []
        entries: list[Descriptor] = []
        repositories: dict[str, dict[str, str]] = {}
        for saved, manifest_digest in images:
            raw = read_document(self._content, manifest_digest)
            manifest = parse_manifest(raw)
            for digest in (manifest_digest, *_digests(manifest)):
                sizes[digest] = self._content.info(digest).size_bytes
            items.append(_item(saved, manifest))
            entries += _entries(saved, manifest, manifest_digest, len(raw))
            for name in saved.names if manifest.layers else ():
                top = digests.encoded(manifest.layers[-1].digest)
                repositories.setdefault(name.familiar_name, {})[name.tag or ""] = top
        documents = {
            "index.json": encode_index(Index(manifests=entries)),
            "manifest.json": msgspec.json.encode(items),
            "oci-layout": msgspec.json.encode(Layout()),
        }
        if repositories:
            documents["repositories"] = msgspec.json.encode(repositories)
        return _Plan(blobs=sorted(sizes.items()), documents=documents)

    async def _blob(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        hasher = hashlib.sha256()
        left = size
        file = await offload(self._content.open, digest)
        try:
            while left and (piece := await offload(file.read, min(PIECE_SIZE, left))):
                left -= len(piece)
                hasher.update(piece)
                yield piece
        finally:
            file.close()
        if left or hasher.hexdigest() != digests.encoded(digest):
            raise InternalError(f"blob {digest} is damaged on disk", kind="blob", ref=digest)


def _digests(manifest: Manifest) -> list[Digest]:
    return [manifest.config.digest, *(layer.digest for layer in manifest.layers)]


def _path(digest: Digest) -> str:
    return _BLOBS + digests.encoded(digest)


def _item(saved: SavedImage, manifest: Manifest) -> _ManifestItem:
    return _ManifestItem(
        config=_path(manifest.config.digest),
        repo_tags=[name.familiar() for name in saved.names] or None,
        layers=[_path(layer.digest) for layer in manifest.layers],
        layer_sources=dict(zip(saved.image.diff_ids, manifest.layers, strict=True)),
    )


def _entries(saved: SavedImage, manifest: Manifest, digest: Digest, size: int) -> list[Descriptor]:
    entry = Descriptor(media_type=manifest.media_type, digest=digest, size=size)
    if not saved.names:
        return [entry]
    return [
        msgspec.structs.replace(
            entry,
            annotations={
                ANNOTATION_IMAGE_NAME: name.canonical(),
                ANNOTATION_REF_NAME: name.tag or "",
            },
        )
        for name in saved.names
    ]
