"""What is wrong with one record of a prediction file."""


class Wrong(ValueError):
    """Raised when a record says something that cannot be. Its message names the field."""
