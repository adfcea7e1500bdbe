"""Daemon settings: one row per setting, read into one frozen value."""
