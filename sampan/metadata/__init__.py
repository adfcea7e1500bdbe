"""SQLite: the one database, its transactions, schema and migrations."""
