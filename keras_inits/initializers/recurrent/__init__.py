"""Recurrent layers: biases that set how long a cell remembers, and stable kernels."""
