"""A version's way into Label Studio: its predictions first, then the switch, then what is old goes."""
