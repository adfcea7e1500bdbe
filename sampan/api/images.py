"""Routes of images."""

from __future__ import annotations

import dataclasses

import msgspec
from aiohttp.web_response import StreamResponse

from sampan.api import answer
from sampan.api.call import Call
from sampan.api.router import Route
from sampan.engine.images.bootstrap import BootstrapImage
from sampan.engine.images.history import ImageHistory
from sampan.engine.images.import_ import ImportImage
from sampan.engine.images.inspect import InspectImage
from sampan.engine.images.list import ListImages
from sampan.engine.images.load import LoadImages
from sampan.engine.images.prune import PruneImages
from sampan.engine.images.remove import RemoveImage
from sampan.engine.images.save import SaveImages
from sampan.engine.images.tag import TagImage
from sampan.errors import InvalidArgument, NotImplementedHere

_TAR = "application/x-tar"
_platform_decoder = msgspec.json.Decoder(dict[str, str])


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageRoutes:
    """The use cases that these routes call."""

    list_: ListImages
    inspect: InspectImage
    history: ImageHistory
    tag: TagImage
    remove: RemoveImage
    prune: PruneImages
    import_: ImportImage
    load: LoadImages
    save: SaveImages
    bootstrap: BootstrapImage

    def routes(self) -> list[Route]:
        """The routes, the more particular before the more general."""
        one = "/images/{name...}"
        return [
            Route("GET", "/images/json", self._list),
            Route("GET", "/images/get", self._save_several),
            Route("POST", "/images/create", self._create),
            Route("POST", "/images/load", self._load),
            Route("POST", "/images/prune", self._prune, durable=True),
            Route("POST", "/images/bootstrap", self._bootstrap),
            Route("GET", f"{one}/json", self._inspect),
            Route("GET", f"{one}/history", self._history),
            Route("GET", f"{one}/get", self._save),
            Route("POST", f"{one}/tag", self._tag, durable=True),
            Route("DELETE", one, self._remove, durable=True),
        ]

    async def _list(self, call: Call) -> StreamResponse:
        rows = await self.list_(call.filters(), all=call.flag("all"), shared_size=call.flag("shared-size"))
        return answer.json(rows)

    async def _inspect(self, call: Call) -> StreamResponse:
        return answer.json(await self.inspect(call.path["name"]))

    async def _history(self, call: Call) -> StreamResponse:
        return answer.json(await self.history(call.path["name"]))

    async def _tag(self, call: Call) -> StreamResponse:
        await self.tag(call.path["name"], call.text("repo"), call.text("tag"))
        return answer.nothing(201)

    async def _remove(self, call: Call) -> StreamResponse:
        done = await self.remove(call.path["name"], force=call.flag("force"), prune=not call.flag("noprune"))
        return answer.json(done)

    async def _prune(self, call: Call) -> StreamResponse:
        return answer.json(await self.prune(call.filters()))

    async def _create(self, call: Call) -> StreamResponse:
        source = call.text("fromSrc")
        if call.has("fromImage"):
            name = call.text("fromImage")
            raise NotImplementedHere(
                f"pulling {name} is not offered yet: use image load, import or bootstrap",
                kind="image",
                ref=name,
            )
        if source != "-":
            raise InvalidArgument(
                "fromSrc must be -: send the archive as the request's body", kind="parameter", ref="fromSrc"
            )
        messages = await self.import_(
            call.chunks(),
            repo=call.text("repo"),
            tag=call.text("tag"),
            message=call.text("message"),
            changes=call.texts("changes"),
            platform=call.text("platform"),
        )
        return await answer.stream_messages(call, messages)

    async def _load(self, call: Call) -> StreamResponse:
        quiet = call.flag("quiet")
        messages = await self.load(call.chunks(), quiet=quiet, platform=_platform(call.text("platform")))
        return await answer.stream_messages(call, messages)

    async def _save(self, call: Call) -> StreamResponse:
        return await answer.stream_bytes(call, _TAR, await self.save([call.path["name"]]))

    async def _save_several(self, call: Call) -> StreamResponse:
        return await answer.stream_bytes(call, _TAR, await self.save(call.texts("names")))

    async def _bootstrap(self, call: Call) -> StreamResponse:
        return await answer.stream_messages(call, await self.bootstrap(call.text("name"), call.text("suite")))


def _platform(text: str) -> str:
    """``os/architecture[/variant]`` of that, or of the JSON object that clients send since v1.48."""
    if not text.startswith("{"):
        return text
    try:
        values = _platform_decoder.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidArgument(f"invalid platform: {error}", kind="parameter", ref="platform") from error
    return "/".join(filter(None, (values.get(name, "") for name in ("os", "architecture", "variant"))))
