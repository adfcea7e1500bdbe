"""What networks of each kind are on the host, and what an endpoint of each needs."""
