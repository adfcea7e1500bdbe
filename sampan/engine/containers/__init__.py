"""Use cases of containers and execs."""
