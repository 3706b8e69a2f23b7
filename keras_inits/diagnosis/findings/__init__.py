"""What is found in a report: judges by theme, and fixes that can be pasted."""

from keras_inits.diagnosis.findings.judge import KINDS, judged

__all__ = ["KINDS", "judged"]
