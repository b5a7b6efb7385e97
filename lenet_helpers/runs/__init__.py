"""Training runs as plain data: kept, carried on, drawn."""
