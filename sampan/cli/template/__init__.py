"""Go templates, as far as people use them in --format."""
