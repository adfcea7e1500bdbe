"""Removing an image, or only a name of it."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.engine.images.announce import announce
from sampan.engine.images.collect import CollectGarbage
from sampan.engine.images.ports import ContainerUse, ImageUsage
from sampan.errors import Conflict, NotFound
from sampan.events.bus import EventBus
from sampan.images.record import ImageRecord
from sampan.images.store import ImageName, ImageStore
from sampan.models.image import ImageDeleteItem
from sampan.oci import digest as digests
from sampan.oci.chain import chain_ids
from sampan.oci.reference import Reference


class RemoveImage:
    """``DELETE /images/{name}``, by Docker's rules."""

    def __init__(
        self, *, images: ImageStore, usage: ImageUsage, collect: CollectGarbage, events: EventBus
    ) -> None:
        self._images = images
        self._usage = usage
        self._collect = collect
        self._events = events

    async def __call__(self, name: str, *, force: bool = False, prune: bool = True) -> list[ImageDeleteItem]:
        """Take the name ``name`` away, and delete the image when that was its last one.

        Given an id, the image and all its names go, if they are of one repository. With
        ``prune``, parents without a name or a use go too. ``force`` overrides stopped
        containers and further names, never running containers or images built upon it.
        Returns what was done, in order.

        Raises:
            NotFound: there is no such image.
            InvalidArgument: ``name`` is malformed or ambiguous.
            Conflict: something uses the image.
        """
        image, reference = self._images.resolve_name(name)
        names = self._images.names_of(image.id)
        done: list[ImageDeleteItem] = []
        if reference is not None:
            if not force and _single(names):
                self._require_unused_name(name, image)
            self._untag(image, reference, done)
            self._untag_lonely_digests(image, reference, done)
            if self._images.names_of(image.id):
                return done
        elif _single(names):
            self._require_free(image, force=force, names_matter=False)
            for held in names:
                self._untag(image, held.reference, done)
        removed = self._delete(image, done, force=force, prune=prune, quiet=reference is not None)
        if removed:
            done += await self._layers_gone(removed)
        return done

    def _delete(
        self, image: ImageRecord, done: list[ImageDeleteItem], *, force: bool, prune: bool, quiet: bool
    ) -> list[ImageRecord]:
        """Delete the image and, if ``prune``, its unused parents; what was deleted.

        ``quiet``: a conflict ends it without an error, unless the image has become nameless
        and nothing runs from it.
        """
        try:
            self._require_free(image, force=force)
        except Conflict:
            dangling = not self._images.names_of(image.id)
            if quiet and (not dangling or self._usage.containers_of(image.id)):
                return []
            raise
        for held in self._images.names_of(image.id):
            self._untag(image, held.reference, done)
        self._images.remove(image.id)
        announce(self._events, image, "delete")
        done.append(ImageDeleteItem(deleted=image.id))
        if not prune or image.parent is None:
            return [image]
        try:
            parent = self._images.get(image.parent)
            self._require_free(parent, force=False)
        except (Conflict, NotFound):
            return [image]
        return [image, *self._delete(parent, done, force=False, prune=True, quiet=True)]

    async def _layers_gone(self, removed: Sequence[ImageRecord]) -> list[ImageDeleteItem]:
        """The chains that nothing needs any more, topmost first."""
        swept = await self._collect()
        mine = {chain for image in removed for chain in chain_ids(image.diff_ids)}
        return [ImageDeleteItem(deleted=key) for key in swept.snapshots if key in mine]

    def _untag(self, image: ImageRecord, name: Reference, done: list[ImageDeleteItem]) -> None:
        self._images.remove_name(name)
        announce(self._events, image, "untag")
        done.append(ImageDeleteItem(untagged=name.familiar()))

    def _untag_lonely_digests(self, image: ImageRecord, gone: Reference, done: list[ImageDeleteItem]) -> None:
        """A repository whose last tag on this image went keeps no digest of it either."""
        if gone.tag is None:
            return
        left = [
            held.reference for held in self._images.names_of(image.id) if held.reference.name == gone.name
        ]
        if all(reference.tag is None for reference in left):
            for reference in left:
                self._untag(image, reference, done)

    def _require_unused_name(self, name: str, image: ImageRecord) -> None:
        users = self._usage.containers_of(image.id)
        if users:
            raise Conflict(
                f'conflict: unable to remove repository reference "{name}" (must force) - container '
                f"{users[0].id[:12]} is using its referenced image {digests.short(image.id)}",
                kind="image",
                ref=name,
            )

    def _require_free(self, image: ImageRecord, *, force: bool, names_matter: bool = True) -> None:
        """Raise Conflict, in Docker's words, for what stands against deleting the image."""
        users = self._usage.containers_of(image.id)
        running = [user for user in users if user.running]
        if self._images.children_of(image.id):
            raise _conflict(image, "image has dependent child images", hard=True)
        if running:
            raise _conflict(image, _used(running[0], "running"), hard=True)
        if force:
            return
        if names_matter and self._images.names_of(image.id):
            raise _conflict(image, "image is referenced in multiple repositories", hard=False)
        if users:
            raise _conflict(image, _used(users[0], "stopped"), hard=False)


def _single(names: Sequence[ImageName]) -> bool:
    """Whether the names are at most one tag, and digests of the same repository."""
    if len(names) <= 1:
        return True
    tagged = [name for name in names if name.reference.tag is not None]
    repositories = {name.reference.name for name in names}
    return len(tagged) <= 1 and len(repositories) == 1


def _used(user: ContainerUse, state: str) -> str:
    return f"image is being used by {state} container {user.id[:12]}"


def _conflict(image: ImageRecord, reason: str, *, hard: bool) -> Conflict:
    forced = "cannot be forced" if hard else "must be forced"
    return Conflict(
        f"conflict: unable to delete {digests.short(image.id)} ({forced}) - {reason}",
        kind="image",
        ref=image.id,
    )
