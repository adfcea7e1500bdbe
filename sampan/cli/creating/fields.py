"""Values that are lists themselves, ``a=1,"b=with,comma"``."""

from __future__ import annotations


def fields_of(text: str) -> list[str]:
    """The fields; quotes hold commas together. Raises ValueError for a quote that is not closed."""
    if '"' not in text:
        return text.split(",") if text else []
    import csv

    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"parse error: {error}") from error
