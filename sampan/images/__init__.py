"""Image names and records: from a reference to a config, its layers and back."""
