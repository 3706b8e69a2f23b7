"""State-space layers: transitions and steps of models that people write themselves."""
