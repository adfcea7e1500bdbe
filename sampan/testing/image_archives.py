"""Archives of images, made in memory for tests."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator, Mapping, Sequence

import zstandard


def digest(data: bytes) -> str:
    """``sha256:...`` of ``data``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer_tar(files: Mapping[str, bytes]) -> bytes:
    """A layer of plain files, the same bytes for the same files."""
    return tar_of(dict(files))


def tar_of(members: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """A tar of files and symbolic links, in the order given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.SYMTYPE
            info.linkname = target
            archive.addfile(info)
    return buffer.getvalue()


def compressed(data: bytes, compression: str) -> bytes:
    """``data`` in ``none``, ``gzip`` or ``zstd``."""
    match compression:
        case "none":
            return data
        case "gzip":
            return gzip.compress(data, mtime=0)
        case "zstd":
            return zstandard.ZstdCompressor().compress(data)
        case _:
            raise ValueError(compression)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SampleImage:
    """An image to put into archives: its config and its layers, lowest first."""

    config: bytes
    layers: Sequence[bytes]

    @property
    def id(self) -> str:
        """The image's id."""
        return digest(self.config)

    @property
    def diff_ids(self) -> list[str]:
        """The layers' DiffIDs."""
        return [digest(layer) for layer in self.layers]


def sample_image(
    *layers: bytes,
    architecture: str = "amd64",
    labels: Mapping[str, str] | None = None,
    created: str = "2024-01-02T03:04:05.678Z",
    diff_ids: Sequence[str] | None = None,
) -> SampleImage:
    """An image of ``layers`` (plain tars); ``diff_ids`` may lie about them."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {"Cmd": ["sh"], "Env": ["A=b"], **({"Labels": dict(labels)} if labels else {})},
        "rootfs": {
            "type": "layers",
            "diff_ids": list(diff_ids) if diff_ids is not None else [digest(layer) for layer in layers],
        },
        "history": [{"created": created, "created_by": f"step {number}"} for number, _ in enumerate(layers)],
    }
    return SampleImage(config=json.dumps(config).encode(), layers=layers)


def docker_archive(
    *images: tuple[SampleImage, Sequence[str]], compression: str = "none", shared_by_link: bool = False
) -> bytes:
    """``manifest.json`` and what it names; with ``shared_by_link`` a repeated layer is a symlink."""
    members: dict[str, bytes] = {}
    links: dict[str, str] = {}
    places: dict[bytes, str] = {}
    items = []
    for image, names in images:
        paths = []
        for number, layer in enumerate(image.layers):
            path = f"{image.id[7:19]}-{number}/layer.tar"
            if layer in places and shared_by_link:
                links[path] = f"../{places[layer]}"
            else:
                members[path] = compressed(layer, compression)
                places.setdefault(layer, path)
            paths.append(path)
        members[f"{image.id[7:]}.json"] = image.config
        items.append({"Config": f"{image.id[7:]}.json", "RepoTags": list(names) or None, "Layers": paths})
    members["manifest.json"] = json.dumps(items).encode()
    return tar_of(members, links)


class LayoutBuilder:
    """An OCI layout, blob by blob."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.entries: list[dict[str, object]] = []

    def blob(self, data: bytes, media_type: str, **extra: object) -> dict[str, object]:
        """Add a blob; its descriptor."""
        self.blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **extra}

    def image(self, image: SampleImage, compression: str = "none", **extra: object) -> dict[str, object]:
        """Add an image; the descriptor of its manifest."""
        suffix = "" if compression == "none" else f"+{compression}"
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": self.blob(image.config, "application/vnd.oci.image.config.v1+json"),
            "layers": [
                self.blob(compressed(layer, compression), f"application/vnd.oci.image.layer.v1.tar{suffix}")
                for layer in image.layers
            ],
        }
        return self.blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json", **extra)

    def index(self, *entries: Mapping[str, object], **extra: object) -> dict[str, object]:
        """Add a nested index; its descriptor."""
        return self.blob(_index(entries), "application/vnd.oci.image.index.v1+json", **extra)

    def members(self, *entries: Mapping[str, object]) -> dict[str, bytes]:
        """The layout's files, with ``entries`` in ``index.json``."""
        return {
            **{f"blobs/{name.replace(':', '/')}": data for name, data in self.blobs.items()},
            "index.json": _index(entries),
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        }

    def tar(self, *entries: Mapping[str, object]) -> bytes:
        """The whole layout as a tar."""
        return tar_of(self.members(*entries))


def _index(entries: Sequence[Mapping[str, object]]) -> bytes:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [dict(entry) for entry in entries],
        }
    ).encode()


async def in_chunks(data: bytes, size: int = 4096) -> AsyncIterator[bytes]:
    """``data`` as an upload delivers it."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
