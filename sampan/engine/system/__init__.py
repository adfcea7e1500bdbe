"""Use cases of the engine as a whole: version, info, events."""
