"""A typed client of the Engine API, without a Linux-only import."""
