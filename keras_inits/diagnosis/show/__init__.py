"""A diagnosis as text, picture, page, comparison and TensorBoard log."""
