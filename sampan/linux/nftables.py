"""nftables through libnftables, in process: each call is one atomic transaction."""

from __future__ import annotations

import ctypes
import threading

from sampan.errors import InternalError, Unavailable

_SONAME = "libnftables.so.1"


class Nftables:
    """A libnftables context; usable from any thread, one call at a time."""

    def __init__(self) -> None:
        """Load the library. Raises Unavailable, saying what to install, if it is not there."""
        try:
            self._lib = ctypes.CDLL(_SONAME)
        except OSError as error:
            raise Unavailable(
                f"{_SONAME} is missing: install the package libnftables1", kind="library", ref=_SONAME
            ) from error
        self._lib.nft_ctx_new.restype = ctypes.c_void_p
        self._lib.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
        self._lib.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
        self._context = ctypes.c_void_p(self._lib.nft_ctx_new(0))
        self._lib.nft_ctx_buffer_output(self._context)
        self._lib.nft_ctx_buffer_error(self._context)
        self._lock = threading.Lock()

    def run(self, commands: str) -> str:
        """Carry out ``commands`` (nft(8) syntax), all or none; what they print.

        Raises InternalError with libnftables's own words. Never put a name from outside
        into ``commands``: callers pass only names and addresses they made or parsed.
        """
        with self._lock:
            code = self._lib.nft_run_cmd_from_buffer(self._context, commands.encode())
            output: bytes = self._lib.nft_ctx_get_output_buffer(self._context) or b""
            error: bytes = self._lib.nft_ctx_get_error_buffer(self._context) or b""
        if code != 0:
            raise InternalError(
                f"nftables refused: {error.decode(errors='replace').strip()}", kind="firewall"
            )
        return output.decode(errors="replace")

    def drops_forwarding(self) -> bool:
        """Whether iptables' forward chain, which is not ours, drops what it does not know (Docker sets it so)."""
        try:
            return "policy drop" in self.run("list chain ip filter FORWARD")
        except InternalError:
            # There is no such chain, so nobody drops anything in it.
            return False
