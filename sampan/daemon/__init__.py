"""The composition root: wiring, listeners, recovery, shutdown."""
