"""Plans that need people become questions to people."""
