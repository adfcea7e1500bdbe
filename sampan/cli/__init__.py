"""Arguments, rendering and exit codes of the command sampan."""
