"""What happens in a model: a pass, and records of it. Runs, and changes nothing."""
