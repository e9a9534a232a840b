"""From tables to numbers: counts, shares, intervals, comparisons, the evidence behind them."""
