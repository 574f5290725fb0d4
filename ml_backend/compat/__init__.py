"""A team's own LabelStudioMLBase subclass served by us, and our models served by label-studio-ml."""
