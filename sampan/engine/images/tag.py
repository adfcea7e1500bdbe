"""Giving an image a further name."""

from __future__ import annotations

from sampan.engine.images.announce import announce
from sampan.errors import InvalidArgument
from sampan.events.bus import EventBus
from sampan.images.store import ImageStore
from sampan.oci.reference import Reference, parse_normalized


class TagImage:
    """``POST /images/{name}/tag``."""

    def __init__(self, *, images: ImageStore, events: EventBus) -> None:
        self._images = images
        self._events = events

    async def __call__(self, name: str, repo: str, tag: str = "") -> None:
        """Point ``repo:tag`` at the image ``name``, taking it from another image if need be.

        Raises NotFound for the image, InvalidArgument for a malformed name.
        """
        reference = new_name(repo, tag)
        if reference is None:
            raise InvalidArgument("a repository name is needed", kind="reference")
        image = self._images.resolve(name)
        self._images.set_name(reference, image.id)
        announce(self._events, image, "tag", reference.familiar())


def new_name(repo: str, tag: str) -> Reference | None:
    """The name an image is to get, ``latest`` if nothing says a tag; None without ``repo``.

    Raises InvalidArgument for a malformed one, or one with a digest.
    """
    if not repo:
        return None
    reference = parse_normalized(repo)
    if reference.digest is not None:
        raise InvalidArgument("cannot import digest reference", kind="reference", ref=repo)
    if tag:
        reference = reference.with_tag(tag)
    if reference.familiar_name == "sha256":
        raise InvalidArgument(
            "refusing to create an ambiguous tag using digest algorithm as name", kind="reference", ref=repo
        )
    return reference.with_default_tag()
