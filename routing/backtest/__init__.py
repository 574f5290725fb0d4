"""What other rules would have cost and brought, from the project's own history, with intervals."""
