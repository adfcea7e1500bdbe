"""Typed events and their bounded subscribers."""
