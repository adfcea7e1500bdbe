"""Commands that do one thing to each container that is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from sampan.cli.command import Command
from sampan.cli.each import for_each
from sampan.cli.flags import Flag, Parsed
from sampan.client.api import Client

Values = Callable[[Parsed], list[tuple[str, str]]]


def path_of(container: str, rest: str = "") -> str:
    """The path of a container's resource."""
    return f"/containers/{quote(container, safe='')}{rest}"


def post_each(
    verb: str,
    help_: str,
    *,
    flags: Sequence[Flag] = (),
    values: Values = lambda _: [],
    examples: Sequence[str] = (),
    together: bool = True,
) -> Command:
    """A command that posts ``verb`` to every container, to all at once or one after the other."""

    def run(client: Client, parsed: Parsed) -> int:
        query = values(parsed)
        return for_each(
            parsed.arguments, lambda name: client.post(path_of(name, f"/{verb}"), query), together=together
        )

    return Command(
        run=run,
        usage="[OPTIONS] CONTAINER [CONTAINER...]" if flags else "CONTAINER [CONTAINER...]",
        help=help_,
        flags=flags,
        least=1,
        most=-1,
        examples=examples,
    )


def given(parsed: Parsed, **names: str) -> list[tuple[str, str]]:
    """Query values for the flags that were given: query name to flag name."""
    return [(query, parsed.text(flag)) for query, flag in names.items() if parsed.given(flag)]
