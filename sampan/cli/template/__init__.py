"""Go templates, as people use them in --format."""
