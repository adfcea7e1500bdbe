"""The only system calls, subprocesses and durable file writes."""
