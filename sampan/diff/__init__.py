"""Layers to files and files to layers."""
