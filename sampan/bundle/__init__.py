"""A container, its image, mounts and network, as an OCI runtime spec."""
