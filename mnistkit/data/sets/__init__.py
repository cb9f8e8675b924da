"""One dataset per file; each calls ``register_dataset`` and imports nothing heavy at the top."""
