"""Starts from weights that exist: adapters, larger vocabularies, other widths."""
