"""Transformers and deep stacks: scales that count layers, and pairs that match."""
