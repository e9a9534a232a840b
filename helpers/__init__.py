"""Shared helpers of Attributed: one module, one room."""

__version__ = "0.1.0"
