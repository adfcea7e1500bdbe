"""The image half of the engine, wired to real stores below one directory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

from sampan.content.store import ContentStore
from sampan.diff.apply import apply_layer
from sampan.diff.write import write_layer
from sampan.engine.background import Background
from sampan.engine.images.bootstrap import BootstrapImage
from sampan.engine.images.collect import CollectGarbage
from sampan.engine.images.history import ImageHistory
from sampan.engine.images.import_ import ImportImage
from sampan.engine.images.inspect import InspectImage
from sampan.engine.images.list import ListImages
from sampan.engine.images.load import LoadImages
from sampan.engine.images.ports import ContainerUse
from sampan.engine.images.prune import PruneImages
from sampan.engine.images.remove import RemoveImage
from sampan.engine.images.save import SaveImages
from sampan.engine.images.tag import TagImage
from sampan.events.bus import EventBus
from sampan.gc.sweep import Sweep
from sampan.images.holds import Holds
from sampan.images.layers import LayerStore
from sampan.images.store import ImageStore
from sampan.metadata.database import Database
from sampan.oci.descriptor import Platform
from sampan.snapshots.snapshotter import OverlaySnapshotter
from sampan.testing.image_archives import in_chunks
from sampan.transfer.archive import read_document
from sampan.transfer.import_ import Importer
from sampan.transfer.load import Loader
from sampan.transfer.manifests import Manifests, WriteLayer
from sampan.transfer.ports import ApplyLayer
from sampan.transfer.save import Saver
from sampan.transfer.unpack import Unpacker

HOST = Platform(os="linux", architecture="amd64")


class Uses:
    """Which containers use which image, as the test says."""

    def __init__(self) -> None:
        self.by_image: dict[str, list[ContainerUse]] = {}

    def containers_of(self, image_id: str) -> list[ContainerUse]:
        """The containers made from it."""
        return self.by_image.get(image_id, [])


class ImageRig:
    """Stores and use cases; ``opened`` makes one for the length of a test."""

    def __init__(self, root: Path, background: Background, *, apply: ApplyLayer, write: WriteLayer) -> None:
        self.root = root
        spool = root / "tmp"
        self.db = Database.open(root / "sampan.db")
        self.content = ContentStore(root / "content", self.db)
        self.snapshots = OverlaySnapshotter(root / "snapshots", self.db)
        self.images = ImageStore(self.db)
        self.layers = LayerStore(self.db)
        self.holds = Holds()
        self.events = EventBus()
        self.uses = Uses()
        self.unpacker = Unpacker(
            content=self.content, snapshots=self.snapshots, layers=self.layers, apply=apply
        )
        self.sweep = Sweep(
            images=self.images,
            layers=self.layers,
            content=self.content,
            snapshots=self.snapshots,
            holds=self.holds,
            read_blob=partial(read_document, self.content),
        )
        importer = Importer(
            content=self.content, images=self.images, unpacker=self.unpacker, holds=self.holds, spool=spool
        )
        self.loader = Loader(
            content=self.content,
            images=self.images,
            unpacker=self.unpacker,
            holds=self.holds,
            spool=spool,
            host=HOST,
        )
        manifests = Manifests(
            content=self.content,
            images=self.images,
            layers=self.layers,
            snapshots=self.snapshots,
            write_layer=write,
            spool=spool,
        )
        self.saver = Saver(content=self.content, images=self.images, manifests=manifests, holds=self.holds)
        collect = CollectGarbage(sweep=self.sweep, snapshots=self.snapshots, background=background)
        self.import_image = ImportImage(importer=importer, collect=collect, events=self.events, host=HOST)
        self.load_images = LoadImages(loader=self.loader, collect=collect, events=self.events)
        self.save_images = SaveImages(saver=self.saver, events=self.events)
        self.list_images = ListImages(images=self.images, usage=self.uses)
        self.inspect_image = InspectImage(images=self.images, snapshots=self.snapshots)
        self.image_history = ImageHistory(images=self.images)
        self.tag_image = TagImage(images=self.images, events=self.events)
        self.remove_image = RemoveImage(
            images=self.images, usage=self.uses, collect=collect, events=self.events
        )
        self.prune_images = PruneImages(images=self.images, remove=self.remove_image, events=self.events)
        self.bootstrap_image = BootstrapImage(
            import_image=self.import_image, background=background, host=HOST
        )

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, root: Path, *, apply: ApplyLayer = apply_layer, write: WriteLayer = write_layer
    ) -> AsyncIterator[ImageRig]:
        """A rig below ``root``; its background work is finished when the block ends."""
        async with Background() as background:
            rig = cls(root, background, apply=apply, write=write)
            try:
                yield rig
            finally:
                await background.finish(10)
                rig.db.close()

    async def load(self, archive: bytes, *, platform: str = "") -> list[str]:
        """Load an archive; the messages in words."""
        messages = await self.load_images(in_chunks(archive), platform=platform)
        return [message.stream or f"{message.status} {message.id}" async for message in messages]

    async def import_(
        self, tar: bytes, name: str = "", *, changes: Iterable[str] = (), message: str = ""
    ) -> str:
        """Import a flat tar as ``name``; the image's id."""
        messages = await self.import_image(in_chunks(tar), repo=name, changes=list(changes), message=message)
        return [one.status async for one in messages][-1]

    async def save(self, *names: str) -> bytes:
        """The archive of these images."""
        return b"".join([piece async for piece in await self.save_images(names)])

    def state(self) -> dict[str, object]:
        """Everything in the stores, to compare before and after."""
        return {
            "names": [(name.reference.familiar(), name.image_id) for name in self.images.names()],
            "images": [record.id for record in self.images.list()],
            "layers": sorted(self.layers.diff_ids()),
            "blobs": sorted(info.digest for info in self.content.walk()),
            "snapshots": sorted(info.key for info in self.snapshots.walk()),
            "ingests": sorted(path.name for path in (self.root / "content" / "ingest").iterdir()),
            "held": self.holds.held(),
        }
