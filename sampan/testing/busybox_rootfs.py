"""A small root file system for tests: the host's static busybox with the files that names need."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

TEST_IMAGE = "sampan-test/busybox:latest"
BUSYBOX = Path("/bin/busybox")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nsailor:x:1000:1000:A sailor:/home/sailor:/bin/sh\n",
    "etc/group": "root:x:0:\nsailor:x:1000:\nriggers:x:2000:sailor\ncooks:x:2001:\n",
    "etc/motd": "all hands\n",
}
_DIRECTORIES = {"bin": 0o755, "etc": 0o755, "home": 0o755, "root": 0o700, "tmp": 0o1777, "var": 0o755}


def rootfs_tar() -> bytes:
    """The tar: busybox with all its names, users root and sailor, groups riggers and cooks.

    Raises FileNotFoundError without the package busybox-static.
    """
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, mode in _DIRECTORIES.items():
            _add(archive, name, tarfile.DIRTYPE, mode=mode)
        _add(archive, "home/sailor", tarfile.DIRTYPE, mode=0o755, owner=1000)
        _add(archive, "bin/busybox", tarfile.REGTYPE, mode=0o755, data=BUSYBOX.read_bytes())
        for applet in applets:
            if applet != "busybox":
                _add(archive, f"bin/{applet}", tarfile.SYMTYPE, target="busybox")
        for name, text in _FILES.items():
            _add(archive, name, tarfile.REGTYPE, mode=0o644, data=text.encode())
    return buffer.getvalue()


def _add(
    archive: tarfile.TarFile,
    name: str,
    kind: bytes,
    *,
    mode: int = 0o777,
    owner: int = 0,
    data: bytes = b"",
    target: str = "",
) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.size = kind, mode, target, len(data)
    info.uid = info.gid = owner
    archive.addfile(info, io.BytesIO(data))
