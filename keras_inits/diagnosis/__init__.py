"""What an initialization does to a network: measured, judged, shown."""

from keras_inits.diagnosis.diagnosis import Diagnosis
from keras_inits.diagnosis.measure import diagnose
from keras_inits.diagnosis.report import (
    Finding,
    LayerRecord,
    WeightRecord,
)
from keras_inits.signals.records import GradientStats, TensorStats

__all__ = [
    "Diagnosis",
    "Finding",
    "GradientStats",
    "LayerRecord",
    "TensorStats",
    "WeightRecord",
    "diagnose",
]
