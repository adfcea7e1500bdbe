"""The Engine API's own objects, defined once for API, engine, disk and client."""
