"""A Debian or Ubuntu base system made of the distribution's own packages, by mmdebstrap."""

from __future__ import annotations

import asyncio
import dataclasses
import email.utils
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from sampan.errors import CommandFailed, InvalidArgument, NotFound, Unavailable
from sampan.linux.offload import offload
from sampan.linux.pidfd import wait_readable
from sampan.linux.process import Child, run, spawn
from sampan.transfer.apt_sources import AptSource, choose_sources, read_apt_sources
from sampan.transfer.incoming import PIECE_SIZE

DISTRIBUTIONS = ("debian", "ubuntu")

_SUITE = re.compile(r"[a-z][a-z0-9.]*(?:-[a-z0-9.]+)*")
_APT_HELPER = "/usr/lib/apt/apt-helper"
_DATE = re.compile(r"^Date: (.+)$", re.MULTILINE)
_LONGEST_RELEASE = 4 << 20
_ERROR_TAIL = 2000
_GRACE_S = 10.0
# What the build host's name and resolver are is nobody's business in the image.
_FORGET_HOST = 'rm -f "$1/etc/resolv.conf" "$1/etc/hostname"'


@dataclasses.dataclass(frozen=True, kw_only=True)
class DebianPlan:
    """What mmdebstrap is asked to make; ``epoch_s`` bounds file times, for the same tar each time."""

    distribution: str
    suite: str
    sources: Sequence[AptSource]
    epoch_s: int | None

    def argv(self) -> list[str]:
        """The command."""
        return [
            "mmdebstrap",
            "--variant=minbase",
            "--format=tar",
            f"--customize-hook={_FORGET_HOST}",
            self.suite,
            "-",
            *(source.line() for source in self.sources),
        ]

    def environment(self) -> dict[str, str]:
        """What the command sees besides the usual."""
        return {} if self.epoch_s is None else {"SOURCE_DATE_EPOCH": str(self.epoch_s)}


async def plan_debian(
    distribution: str, suite: str, *, apt: Path = Path("/etc/apt"), release: Path = Path("/etc/os-release")
) -> DebianPlan:
    """Decide what to make from which mirrors, and look whether they have it.

    Raises:
        InvalidArgument: the suite's name is malformed.
        NotFound: the mirror has no such suite.
        Unavailable: mmdebstrap is not installed, apt has no mirror of the distribution, or
            the mirror does not answer.
    """
    if suite and _SUITE.fullmatch(suite) is None:
        raise InvalidArgument(f"invalid suite {suite!r}", kind="suite", ref=suite)
    for program in ("mmdebstrap", _APT_HELPER):
        if shutil.which(program) is None:
            raise Unavailable(
                f"{program} is missing: install the packages mmdebstrap and apt", kind="program", ref=program
            )
    host = await offload(_os_release, release)
    chosen, sources = choose_sources(
        await offload(read_apt_sources, apt),
        distribution=distribution,
        host=host.get("ID", ""),
        codename=host.get("VERSION_CODENAME", ""),
        suite=suite,
    )
    if not sources:
        raise Unavailable(
            f"this machine's apt has no mirror of {distribution}: add one below {apt}/sources.list.d",
            kind="mirror",
            ref=distribution,
        )
    base, *others = sources
    document = await _release_of(base)
    if document is None:
        raise await _why_missing(base, await offload(read_apt_sources, apt))
    present = [source for source in others if await _release_of(source) is not None]
    return DebianPlan(
        distribution=distribution, suite=chosen, sources=[base, *present], epoch_s=_date(document)
    )


async def debian_tar(plan: DebianPlan, report: Callable[[str], None]) -> AsyncIterator[bytes]:
    """The system as a tar stream; ``report`` gets the program's lines as they come.

    Raises CommandFailed at the end of the stream if the program failed.
    """
    out, out_end = os.pipe2(os.O_CLOEXEC)
    err, err_end = os.pipe2(os.O_CLOEXEC)
    try:
        child = spawn(plan.argv(), env=plan.environment(), stdout=out_end, stderr=err_end, new_session=True)
    except BaseException:
        for fd in (out, err):
            os.close(fd)
        raise
    finally:
        for fd in (out_end, err_end):
            os.close(fd)
    lines = _Lines(err, report)
    try:
        os.set_blocking(out, False)
        while True:
            await wait_readable(out)
            piece = os.read(out, PIECE_SIZE)
            if not piece:
                break
            yield piece
        exit_code = await child.wait()
        lines.drain()
        if exit_code != 0:
            raise CommandFailed(["mmdebstrap", plan.suite], exit_code, lines.tail)
    except BaseException:
        await asyncio.shield(_end(child))
        raise
    finally:
        lines.close()
        os.close(out)


class _Lines:
    """A pipe of text, read by the event loop as it fills."""

    def __init__(self, fd: int, report: Callable[[str], None]) -> None:
        self._fd = fd
        self._report = report
        self._partial = ""
        self.tail = ""
        os.set_blocking(fd, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self.drain)

    def drain(self) -> None:
        """Pass on what is there."""
        while True:
            try:
                data = os.read(self._fd, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                self._loop.remove_reader(self._fd)
                return
            text = self._partial + data.decode(errors="replace")
            *whole, self._partial = text.split("\n")
            self.tail = (self.tail + data.decode(errors="replace"))[-_ERROR_TAIL:]
            for line in whole:
                self._report(line.rpartition("\r")[2].strip())

    def close(self) -> None:
        """Stop reading."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)


async def _end(child: Child) -> None:
    """TERM lets the program unmount and delete what it made; KILL if it does not."""
    child.terminate()
    try:
        async with asyncio.timeout(_GRACE_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


async def _release_of(source: AptSource) -> str | None:
    """The mirror's InRelease file of the suite, fetched the way apt does; None if that fails."""
    with tempfile.TemporaryDirectory(prefix="sampan-release-") as directory:
        target = Path(directory) / "InRelease"
        url = f"{source.uri.rstrip('/')}/dists/{source.suite}/InRelease"
        done = await run([_APT_HELPER, "download-file", url, str(target)], check=False)
        if done.exit_code != 0 or not target.is_file():
            return None
        with target.open("rb") as file:
            return file.read(_LONGEST_RELEASE).decode(errors="replace")


async def _why_missing(base: AptSource, sources: Sequence[AptSource]) -> NotFound | Unavailable:
    """Whether the suite is unknown or the mirror is down: a mirror that has another suite is up."""
    for source in sources:
        if source.uri == base.uri and source.suite != base.suite and await _release_of(source) is not None:
            return NotFound(f"{base.uri} has no suite {base.suite!r}", kind="suite", ref=base.suite)
    return Unavailable(
        f"the mirror {base.uri} does not answer for suite {base.suite!r}", kind="mirror", ref=base.uri
    )


def _date(release: str) -> int | None:
    match = _DATE.search(release)
    if match is None:
        return None
    parsed = email.utils.parsedate_tz(match[1])
    return None if parsed is None else email.utils.mktime_tz(parsed)


def _os_release(path: Path) -> Mapping[str, str]:
    """Fields of os-release(5)."""
    if not path.is_file():
        return {}
    fields: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        name, equals, value = line.partition("=")
        if equals:
            fields[name.strip()] = value.strip().strip("\"'")
    return fields


__all__ = ["DISTRIBUTIONS", "DebianPlan", "debian_tar", "plan_debian"]
