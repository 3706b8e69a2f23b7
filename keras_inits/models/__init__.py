"""Whole models: every weight, who follows it, what it gets."""
