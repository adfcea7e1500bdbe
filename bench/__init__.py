"""Measuring Sampan against Docker and Podman, in one run on one machine."""
