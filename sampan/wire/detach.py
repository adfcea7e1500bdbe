"""Detach keys: the sequence that ends an attached session without ending the process."""

from __future__ import annotations

from sampan.errors import InvalidArgument

DEFAULT = b"\x10\x11"
_CONTROLS = {
    **{chr(code + 96): code for code in range(1, 27)},
    "@": 0,
    "[": 27,
    "\\": 28,
    "]": 29,
    "^": 30,
    "_": 31,
}


def parse_detach_keys(text: str | None) -> bytes:
    """The bytes of a sequence such as ``ctrl-p,ctrl-q`` or ``a``; the default for None or "".

    Raises InvalidArgument for anything else.
    """
    if not text:
        return DEFAULT
    keys = bytearray()
    for part in text.split(","):
        if len(part) == 1 and part.isascii():
            keys += part.encode()
            continue
        prefix, _, name = part.partition("-")
        code = _CONTROLS.get(name.lower()) if prefix.lower() == "ctrl" else None
        if code is None:
            raise InvalidArgument(
                f"Invalid detach keys ({text}) provided: '{part}' is neither a character nor ctrl-<a-z@[\\]^_>",
                kind="detach keys",
                ref=text,
            )
        keys.append(code)
    return bytes(keys)


class DetachScanner:
    """Finds the sequence in input that comes in pieces."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._seen = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What to pass on, and whether the sequence is complete (what follows it is dropped).

        The beginning of a sequence is held back; it is passed on when it turns out not to be one.
        """
        out = bytearray()
        for byte in data:
            if byte == self._keys[self._seen]:
                self._seen += 1
                if self._seen == len(self._keys):
                    self._seen = 0
                    return bytes(out), True
                continue
            out += self._keys[: self._seen]
            self._seen = 0
            if byte == self._keys[0]:
                self._seen = 1
            else:
                out.append(byte)
        return bytes(out), False
