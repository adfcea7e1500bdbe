"""The processes of a container, as the host's ps shows them."""

from __future__ import annotations

from sampan.containers.store import ContainerStore
from sampan.errors import CommandFailed, Conflict, InvalidArgument
from sampan.linux.process import run
from sampan.models.container import TopResult
from sampan.runtime.cgroup import pids_of

_DEFAULT = "-ef"
_TIMEOUT_S = 30.0


class TopContainer:
    """``GET /containers/{id}/top``."""

    def __init__(self, *, store: ContainerStore) -> None:
        self._store = store

    async def __call__(self, ref: str, *, ps_args: str = "") -> TopResult:
        """Rows of ``ps`` with ``ps_args`` (``-ef`` by default) for the container's processes.

        Raises:
            NotFound: an unknown container.
            Conflict: it does not run.
            InvalidArgument: ps does not accept the arguments, or shows no PID column.
        """
        record = self._store.resolve(ref)
        if not record.phase.is_running or record.task is None:
            raise Conflict(f"container {record.id} is not running", kind="container", ref=ref)
        arguments = _safe_arguments(ps_args or _DEFAULT)
        try:
            done = await run(["ps", *arguments], timeout_s=_TIMEOUT_S)
        except CommandFailed as error:
            raise InvalidArgument(f"ps: {error.stderr.strip()}", kind="argument", ref=ps_args) from error
        pids = pids_of(record.task.init.pid)
        return select_rows(done.stdout.decode(errors="replace"), pids)


def _safe_arguments(text: str) -> list[str]:
    if "\0" in text:
        raise InvalidArgument("ps arguments may not contain a null byte", kind="argument")
    return text.split()


def select_rows(output: str, pids: frozenset[int]) -> TopResult:
    """The rows of ps output that belong to ``pids``, split into the header's columns."""
    lines = output.splitlines()
    titles = lines[0].split() if lines else []
    if "PID" not in titles:
        raise InvalidArgument("Couldn't find PID field in ps output", kind="argument")
    column = titles.index("PID")
    rows: list[list[str]] = []
    for line in lines[1:]:
        fields = line.split(None, len(titles) - 1)
        if len(fields) > column and fields[column].isdigit() and int(fields[column]) in pids:
            rows.append(fields)
    return TopResult(processes=rows, titles=titles)
