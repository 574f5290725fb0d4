"""What Label Studio is to show becomes what it shows."""
