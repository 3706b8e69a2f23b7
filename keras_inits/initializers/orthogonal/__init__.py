"""Orthogonal kernels: matrices and convolutions that keep the length of signals."""
