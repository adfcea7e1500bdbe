"""What crosses a connection: stdcopy frames, JSON-message streams, filters, errors."""
