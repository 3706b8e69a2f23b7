"""Small tools that know nothing of weights."""
