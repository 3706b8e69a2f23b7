"""`initialize(model, "auto")` starts published networks no worse than their own."""

import keras
import numpy as np
import pytest

import keras_inits
from support.real_models import SMALLEST

SLOW = {"NASNetMobile"}  # takes large images only
SCALES_ITSELF = ("ConvNeXt", "EfficientNet", "MobileNetV3")  # takes pixels of 0 to 255


def kinds(model, x, y):
    """What a diagnosis finds that is more than information."""
    loss = "sparse_categorical_crossentropy"
    found = keras_inits.diagnose(model, x, y, loss=loss, batch_size=len(x)).findings
    return {one.kind for one in found if one.severity != "info"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SMALLEST) - SLOW))
def test_auto_adds_no_finding(name):
    keras.utils.set_random_seed(0)
    shape = (SMALLEST[name], SMALLEST[name], 3)
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=shape, classes=10)
    random = np.random.default_rng(0)
    x = random.normal(size=(16, *shape))
    if name.startswith(SCALES_ITSELF):
        x = random.uniform(0, 255, (16, *shape))
    y = random.integers(0, 10, 16)
    own = kinds(model, x.astype("float32"), y)
    keras_inits.initialize(model, "auto", seed=0)
    assert kinds(model, x.astype("float32"), y) <= own
