"""HTTP to engine and back: one module of routes per noun."""
