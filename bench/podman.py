"""Podman, in the peers' root: one shell there runs and times every command.

Entering the root takes time that is not Podman's, so it is entered once; the shell inside
reads commands, one a line, and answers with exit code, microseconds and output.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bench.engines import IMAGE, PEER_SOCKET, rootfs
from bench.measure import processes

_IMAGE = f"localhost/{IMAGE}"
# The mounts of its containers' networks are visible to this shell alone: it cleans up itself.
_LOOP = """
export LC_ALL=C PODMAN_IGNORE_CGROUPSV1_WARNING=1
trap '' PIPE
out=$(mktemp)
while IFS= read -r line; do
  a=$EPOCHREALTIME
  eval "$line" >"$out" 2>&1 </dev/null
  code=$?
  b=$EPOCHREALTIME
  echo "$code $((${b/./} - ${a/./})) $(stat -c %s "$out")"
  cat "$out"
done 2>/dev/null
rm -f "$out"
ids=$(podman ps -aq --filter name=TOKEN)
[ -z "$ids" ] || podman rm -f -t 0 $ids >/dev/null
podman rmi -f IMAGE >/dev/null 2>&1
[ -z "$(podman ps -aq --filter name=TOKEN)" ]
"""


class PodmanSide:
    """Podman behind the shell in its root."""

    name = "Podman"
    image = _IMAGE
    daemons: Collection[int] = ()

    def __init__(self, shell: subprocess.Popen[bytes]) -> None:
        self._shell = shell

    def call(self, *words: str) -> str:
        return self._run(_command(words))[1]

    def time(self, *words: str) -> float:
        return self._run(_command(words))[0]

    def time_together(self, commands: Sequence[Sequence[str]]) -> float:
        # Waiting for each of them shows the failure of any.
        started = " ".join(f'{_command(words)} & pids="$pids $!";' for words in commands)
        return self._run(
            f"pids=; {started} bad=0; for pid in $pids; do wait $pid || bad=1; done; (exit $bad)"
        )[0]

    def remove(self, containers: Sequence[str]) -> None:
        self.call("rm", "-f", "-t", "0", *containers)

    def monitors(self, ids: Collection[str]) -> set[int]:
        return processes(("conmon",), ids)

    def _run(self, line: str) -> tuple[float, str]:
        """Milliseconds and output of one line of shell. Raises RuntimeError if it fails."""
        stdin, stdout = self._shell.stdin, self._shell.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{line}\n".encode())
        stdin.flush()
        head = stdout.readline().split()
        if len(head) != 3:
            raise RuntimeError(f"Podman's shell ended at: {line}")
        code, micros, size = (int(word) for word in head)
        output = stdout.read(size).decode(errors="replace")
        if code != 0:
            raise RuntimeError(f"Podman: {line}: {output.strip()[-500:]}")
        return micros / 1000, output


def _command(words: Sequence[str]) -> str:
    return shlex.join(["podman", *words])


@contextlib.contextmanager
def podman(script: Path, token: str) -> Iterator[PodmanSide]:
    """Podman with the same busybox; its containers of this run and the image go afterwards."""
    shared = PEER_SOCKET.parent / f"{token}.tar"
    # A session of its own: an interrupt at the terminal shall not end it before it is cleaned up.
    shell = subprocess.Popen(
        [str(script), "enter", "bash", "-c", _LOOP.replace("TOKEN", token).replace("IMAGE", _IMAGE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        side = PodmanSide(shell)
        with rootfs() as archive:
            shutil.copy(archive, shared)
        side.call("import", "-q", str(shared), _IMAGE)
        yield side
    finally:
        shared.unlink(missing_ok=True)
        if shell.stdin is not None:
            shell.stdin.close()
        if shell.stdout is not None:
            shell.stdout.close()
        if shell.wait() != 0:
            raise RuntimeError(f"Podman's containers {token}-* could not be removed")
