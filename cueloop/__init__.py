"""Ground floor: what every room stands on. Imports no other room."""

__version__ = "0.1.0"
