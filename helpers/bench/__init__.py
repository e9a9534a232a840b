"""Speed and memory, measured; the making of the lexicons of places."""
