"""nftables through libnftables, in process: each call is one atomic transaction."""

from __future__ import annotations

import ctypes
import threading

from sampan.errors import InternalError, Unavailable

_SONAME = "libnftables.so.1"
_libc = ctypes.CDLL(None)


class Nftables:
    """The library; usable from any thread, one call at a time.

    Each call has a context of its own: a kept one holds the kernel's whole rule set, 3 MB
    and more, and making one takes a fraction of a millisecond.
    """

    def __init__(self) -> None:
        """Load the library. Raises Unavailable, saying what to install, if it is not there."""
        try:
            self._lib = ctypes.CDLL(_SONAME)
        except OSError as error:
            raise Unavailable(
                f"{_SONAME} is missing: install the package libnftables1", kind="library", ref=_SONAME
            ) from error
        self._lib.nft_ctx_new.restype = ctypes.c_void_p
        self._lib.nft_ctx_free.restype = None
        self._lib.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
        self._lib.nft_ctx_get_output_buffer.restype = ctypes.c_char_p
        self._lock = threading.Lock()

    def run(self, commands: str) -> str:
        """Carry out ``commands`` (nft(8) syntax), all or none; what they print.

        Raises InternalError with libnftables's own words. Never put a name from outside
        into ``commands``: callers pass only names and addresses they made or parsed.
        """
        with self._lock:
            context = ctypes.c_void_p(self._lib.nft_ctx_new(0))
            if not context:
                raise InternalError("libnftables gives no context", kind="firewall")
            try:
                self._lib.nft_ctx_buffer_output(context)
                self._lib.nft_ctx_buffer_error(context)
                code = self._lib.nft_run_cmd_from_buffer(context, commands.encode())
                output: bytes = self._lib.nft_ctx_get_output_buffer(context) or b""
                error: bytes = self._lib.nft_ctx_get_error_buffer(context) or b""
            finally:
                self._lib.nft_ctx_free(context)
                self._give_back()
        if code != 0:
            raise InternalError(
                f"nftables refused: {error.decode(errors='replace').strip()}", kind="firewall"
            )
        return output.decode(errors="replace")

    @staticmethod
    def _give_back() -> None:
        """Return the megabytes that a rule set took to the kernel: glibc keeps what a worker thread freed."""
        trim = getattr(_libc, "malloc_trim", None)
        if trim is not None:
            trim(0)
