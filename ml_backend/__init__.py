"""Store -> training -> registry -> serving -> Label Studio."""
