"""What is in a model: its weights, and what follows each. Reads, and runs nothing."""
