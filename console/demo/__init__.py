"""The demo: real recorded raters work through a real Label Studio."""
