"""A diagnosis as TensorBoard's event files."""

import os

import numpy as np

from keras_inits._utils import extras
from keras_inits.diagnosis.report import LayerRecord, Report
from keras_inits.signals.records import TensorStats

PACKAGES = ("tensorflow", "tensorboard")


def log(diagnosis: Report, folder: str | os.PathLike[str], step: int = 0) -> None:
    """Writes scalars, histograms and findings: see `Report.log`."""
    extras.require("Writing for TensorBoard", PACKAGES, "plots")
    import tensorflow as tf

    writer = tf.summary.create_file_writer(os.fspath(folder))
    with writer.as_default(step=step):
        for record in diagnosis.records:
            for name, value in _scalars(record).items():
                tf.summary.scalar(f"{name}/{record.label}", value)
            tf.summary.histogram(f"output/{record.label}", values(record.out))
        for weight in diagnosis.weights:
            if weight.gradient is not None:
                tf.summary.scalar(f"gradient_norm/{weight.path}", weight.gradient.norm)
        tf.summary.text("findings", _markdown(diagnosis))
    writer.close()


def _scalars(record: LayerRecord) -> dict[str, float]:
    found = {"output_std": record.out.std, "output_mean": record.out.mean}
    if record.out.dead:
        found["dead_units"] = record.out.dead
    if record.gradient is not None:
        found["gradient_std"] = record.gradient.std
    return found


def values(stats: TensorStats) -> np.ndarray:
    """As many values as were counted, each in the middle of its bin."""
    counts = np.asarray(stats.histogram)
    edges = np.linspace(*stats.edges, len(counts) + 1)
    return np.repeat((edges[1:] + edges[:-1]) / 2, counts)


def _markdown(diagnosis: Report) -> str:
    lines = [f"**{diagnosis.model}: {diagnosis.verdict}**", ""]
    for finding in diagnosis.findings:
        lines.append(f"- **{finding.severity}**: {finding.message}  ")
        lines.append(f"  why: {finding.cause}  ")
        lines.append(f"  fix: `{finding.fix}`")
    return "\n".join(lines)
