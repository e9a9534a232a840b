"""From files to articles: formats, archives, encodings, dates, saved pages, duplicates."""
