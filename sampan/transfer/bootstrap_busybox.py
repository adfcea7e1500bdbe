"""A root filesystem of one program: the host's static busybox."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from sampan.errors import Unavailable
from sampan.linux.offload import offload
from sampan.linux.process import run
from sampan.transfer.tar_writer import (
    END,
    directory_header,
    file_member,
    symlink_header,
)

_INSTALL = "install the package busybox-static"
_PT_INTERP = 3
_ELF_64 = 2
_DIRECTORIES = (
    ("bin", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("sbin", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("usr/sbin", 0o755),
    ("var", 0o755),
    ("var/spool", 0o755),
    ("var/spool/mail", 0o755),
    ("var/tmp", 0o1777),
    ("var/www", 0o755),
)
_USERS = """\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
_GROUP = """\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
lp:x:7:
mail:x:8:
kmem:x:9:
wheel:x:10:root
cdrom:x:11:
dialout:x:18:
floppy:x:19:
video:x:28:
audio:x:29:
tape:x:32:
www-data:x:33:
operator:x:37:
utmp:x:43:
plugdev:x:46:
staff:x:50:
lock:x:54:
users:x:100:
nogroup:x:65534:
"""
_SHADOW = """\
root:*:::::::
daemon:*:::::::
bin:*:::::::
sys:*:::::::
sync:*:::::::
mail:*:::::::
www-data:*:::::::
operator:*:::::::
nobody:*:::::::
"""


async def busybox_tar(program: Path = Path("/bin/busybox")) -> AsyncIterator[bytes]:
    """The filesystem as a tar stream, always the same for the same program.

    Raises Unavailable if busybox is missing or needs shared libraries.
    """
    try:
        content = await offload(program.read_bytes)
    except FileNotFoundError as error:
        raise Unavailable(f"{program} is missing: {_INSTALL}", kind="program", ref=str(program)) from error
    if not is_static(content):
        raise Unavailable(
            f"{program} needs shared libraries, which the image will not have: {_INSTALL}",
            kind="program",
            ref=str(program),
        )
    listed = await run([str(program), "--list"])
    yield _members(content, listed.stdout.decode().split())


def is_static(program: bytes) -> bool:
    """Whether an ELF program asks for no interpreter, that is, no dynamic loader (elf(5))."""
    if program[:4] != b"\x7fELF" or len(program) < 64:
        return False
    order = "<" if program[5] == 1 else ">"
    if program[4] == _ELF_64:
        (offset,) = struct.unpack_from(f"{order}Q", program, 32)
        size, count = struct.unpack_from(f"{order}HH", program, 54)
    else:
        (offset,) = struct.unpack_from(f"{order}I", program, 28)
        size, count = struct.unpack_from(f"{order}HH", program, 42)
    if offset + size * count > len(program):
        return False
    kinds = (struct.unpack_from(f"{order}I", program, offset + size * index)[0] for index in range(count))
    return _PT_INTERP not in kinds


def _members(program: bytes, applets: Sequence[str]) -> bytes:
    parts = [directory_header(f"{name}/", mode=mode) for name, mode in _DIRECTORIES]
    parts.append(file_member("bin/busybox", program, mode=0o755))
    parts += [
        symlink_header(f"bin/{applet}", "busybox")
        for applet in sorted(set(applets))
        if applet != "busybox" and "/" not in applet
    ]
    # Scripts that begin with "#!/usr/bin/env" are too common to leave out.
    parts.append(symlink_header("usr/bin/env", "../../bin/busybox"))
    parts.append(file_member("etc/group", _GROUP.encode()))
    parts.append(file_member("etc/passwd", _USERS.encode()))
    parts.append(file_member("etc/shadow", _SHADOW.encode(), mode=0o600))
    parts.append(END)
    return b"".join(parts)
