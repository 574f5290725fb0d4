"""Training data with a pedigree: what is learned from, what judges, and how to have the same set again."""
