"""Garbage: what nothing refers to any more, found and deleted."""
