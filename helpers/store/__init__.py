"""What all rooms stand on: schema, tables, storage, lexicons, the codebook, versions."""
