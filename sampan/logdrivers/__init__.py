"""Where a container's output is kept, and how it is read back."""
