"""Filesystem states of images and containers: prepare, view, commit, remove."""
