"""Saved models that open where this package is not installed."""
