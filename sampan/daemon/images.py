"""The part of the object graph that concerns images."""

from __future__ import annotations

from pathlib import Path

from sampan.api.images import ImageRoutes
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
from sampan.engine.images.ports import ImageUsage
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
from sampan.oci.digest import Digest
from sampan.snapshots.snapshotter import OverlaySnapshotter
from sampan.transfer.import_ import Importer
from sampan.transfer.load import Loader
from sampan.transfer.manifests import Manifests
from sampan.transfer.save import Saver
from sampan.transfer.unpack import Unpacker


class StoredImages:
    """The image store with everything that fills, empties and shows it."""

    def __init__(
        self,
        *,
        db: Database,
        content: ContentStore,
        snapshots: OverlaySnapshotter,
        spool: Path,
        architecture: str,
        usage: ImageUsage,
        events: EventBus,
        background: Background,
    ) -> None:
        host = Platform(os="linux", architecture=architecture)
        layers, holds = LayerStore(db), Holds()
        self.store = store = ImageStore(db)

        def read_blob(digest: Digest) -> bytes:
            with content.open(digest) as blob:
                return blob.read()

        self.sweep = sweep = Sweep(
            images=store,
            layers=layers,
            content=content,
            snapshots=snapshots,
            holds=holds,
            read_blob=read_blob,
        )
        self.collect = collect = CollectGarbage(sweep=sweep, snapshots=snapshots, background=background)
        unpacker = Unpacker(content=content, snapshots=snapshots, layers=layers, apply=apply_layer)
        manifests = Manifests(
            content=content,
            images=store,
            layers=layers,
            snapshots=snapshots,
            write_layer=write_layer,
            spool=spool,
        )
        import_image = ImportImage(
            importer=Importer(content=content, images=store, unpacker=unpacker, holds=holds, spool=spool),
            collect=collect,
            events=events,
            host=host,
        )
        remove = RemoveImage(images=store, usage=usage, collect=collect, events=events)
        self.routes = ImageRoutes(
            list_=ListImages(images=store, usage=usage),
            inspect=InspectImage(images=store, snapshots=snapshots),
            history=ImageHistory(images=store),
            tag=TagImage(images=store, events=events),
            remove=remove,
            prune=PruneImages(images=store, remove=remove, events=events),
            import_=import_image,
            load=LoadImages(
                loader=Loader(
                    content=content, images=store, unpacker=unpacker, holds=holds, spool=spool, host=host
                ),
                collect=collect,
                events=events,
            ),
            save=SaveImages(
                saver=Saver(content=content, images=store, manifests=manifests, holds=holds), events=events
            ),
            bootstrap=BootstrapImage(import_image=import_image, background=background, host=host),
        )
