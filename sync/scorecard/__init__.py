"""What an annotator's record says beyond accuracy: speed, consistency, anchoring, drift, and signs of carelessness."""
