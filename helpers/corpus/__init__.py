"""From articles to tables: annotated in parts, joined, catalogued, handed on."""
