"""`initialize(model, "auto")` starts published networks no worse than their own."""

import keras
import numpy as np
import pytest

import keras_inits

SIZES = {  # the smallest of each family, and images that it takes
    "ConvNeXtTiny": 32,
    "DenseNet121": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "InceptionResNetV2": 75,
    "InceptionV3": 75,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Large": 32,
    "MobileNetV3Small": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "VGG16": 32,
    "Xception": 71,
}
SCALES_ITSELF = ("ConvNeXt", "EfficientNet", "MobileNetV3")  # takes pixels of 0 to 255


def kinds(model, x, y):
    """What a diagnosis finds that is more than information."""
    loss = "sparse_categorical_crossentropy"
    found = keras_inits.diagnose(model, x, y, loss=loss, batch_size=len(x)).findings
    return {one.kind for one in found if one.severity != "info"}


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_auto_adds_no_finding(name):
    keras.utils.set_random_seed(0)
    shape = (SIZES[name], SIZES[name], 3)
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
