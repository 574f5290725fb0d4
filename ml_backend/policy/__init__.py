"""What `training.yaml` says: when a model is trained, on what, how it is judged, and how it comes into service."""
