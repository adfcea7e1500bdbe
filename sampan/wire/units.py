"""Durations and sizes as Docker's clients print them."""

from __future__ import annotations

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def human_duration(seconds: float) -> str:
    """``Less than a second``, ``5 seconds``, ``About a minute``, ``3 hours``, ``2 weeks``, ...

    The steps are those of Docker's go-units package.
    """
    whole = int(seconds)
    minutes, hours = whole // _MINUTE, round(seconds / _HOUR)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < _MINUTE:
        return f"{whole} seconds"
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    whole_hours = whole // _HOUR
    if hours < 24 * 7 * 2:
        return f"{whole_hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{whole_hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{whole_hours // 24 // 30} months"
    return f"{int(seconds / _HOUR / 24 / 365)} years"


def human_size(size_bytes: float, *, precision: int = 4) -> str:
    """Bytes in powers of 1,000 with ``precision`` significant digits: ``1.24MB``."""
    return _scaled(size_bytes, 1000.0, ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"), precision)


def binary_size(size_bytes: float) -> str:
    """Bytes in powers of 1,024 with four significant digits: ``1.5GiB``."""
    return _scaled(size_bytes, 1024.0, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"), 4)


def _scaled(value: float, base: float, units: tuple[str, ...], precision: int) -> str:
    step = 0
    while value >= base and step < len(units) - 1:
        value /= base
        step += 1
    return f"{value:.{precision}g}{units[step]}"
