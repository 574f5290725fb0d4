"""Recorded answers revealed one by one, as a policy asks for them: what routing would have saved."""
