"""Hand coding and gold: sheets, coders, their agreement, the program's accuracy."""
