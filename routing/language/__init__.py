"""Rules files: what may be written, how it is read, what is wrong with it. Nothing here knows a store."""
