"""The shared helpers of Attributed, in rooms: `store` is the ground that all others stand on."""

__version__ = "0.1.0"
