"""Versions: of Sampan, and of the Engine API it speaks."""

from __future__ import annotations

VERSION = "0.1.0"
API_VERSION = "1.51"
MIN_API_VERSION = "1.24"
