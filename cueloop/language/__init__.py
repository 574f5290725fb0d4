"""Files that people write in YAML: read with the line and column of every mistake, all mistakes at once."""
