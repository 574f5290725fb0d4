"""What a task says: text in its data, or text behind an address where the tag says so."""
