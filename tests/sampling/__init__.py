"""Tests of the sampler: its bits, its engines, its laws."""
