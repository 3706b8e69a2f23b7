"""Kinds of numbers that the command line takes."""

import argparse


def count(text: str) -> int:
    """An integer, at least one."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be an integer >= 1, not {text}")
    return value


def seed(text: str) -> int:
    """An integer below 2**32."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"must be in 0 ... 2**32 - 1, not {text}")
    return value
