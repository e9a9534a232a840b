"""Hand coding and gold: sampling, sheets, agreement, correction, benchmarks."""
