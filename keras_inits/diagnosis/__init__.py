"""What an initialization does to a network: measured, judged, shown."""

from keras_inits.diagnosis.measure import diagnose
from keras_inits.diagnosis.report import (
    Diagnosis,
    GradientStats,
    LayerRecord,
    TensorStats,
    Verdict,
    WeightRecord,
)

__all__ = [
    "Diagnosis",
    "GradientStats",
    "LayerRecord",
    "TensorStats",
    "Verdict",
    "WeightRecord",
    "diagnose",
]
