"""The front door: command line, demo, supervisor. Imports every room; no room imports it."""
