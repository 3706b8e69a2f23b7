"""What an initialization does to a network: measured, judged, shown."""

from keras_inits.diagnosis.measure import diagnose
from keras_inits.diagnosis.report import (
    Diagnosis,
    Finding,
    GradientStats,
    LayerRecord,
    TensorStats,
    WeightRecord,
)

__all__ = [
    "Diagnosis",
    "Finding",
    "GradientStats",
    "LayerRecord",
    "TensorStats",
    "WeightRecord",
    "diagnose",
]
