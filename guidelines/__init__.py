"""Corrections -> questions and edits -> a new version of the guideline."""
