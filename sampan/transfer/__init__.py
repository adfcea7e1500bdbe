"""Images in motion: load, save, import, unpack."""
