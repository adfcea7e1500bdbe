"""Sandboxes, endpoints, networks, address management and the packet filter."""
