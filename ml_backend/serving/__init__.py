"""What a serving process is made of: models in service, health, metrics, auth, worker processes."""
