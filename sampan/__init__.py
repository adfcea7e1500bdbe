"""Sampan: a container engine that speaks the Docker Engine API."""
