"""Tasks and execs through the OCI runtime and conmon."""
