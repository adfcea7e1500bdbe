"""The stored container: its record, states and store."""
