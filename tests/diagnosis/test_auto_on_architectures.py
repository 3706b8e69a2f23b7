"""Published networks: none is called unhealthy, and "auto" starts them no worse."""

import keras
import numpy as np
import pytest

import keras_inits
from support.real_models import BACKBONES, SMALLEST, backbone

SLOW = {"NASNetMobile"}  # takes large images only
SCALES_ITSELF = ("ConvNeXt", "EfficientNet", "MobileNetV3")  # takes pixels of 0 to 255
# Their tiny settings take no tensors of the sizes that stand in for data.
NOT_ON_NOISE = {"SAM", "Whisper"}
pytestmark = pytest.mark.slow


def kinds(model, *data, **settings):
    """What a diagnosis finds that is more than information, and its verdict."""
    found = keras_inits.diagnose(model, *data, **settings, try_fixes=False)
    bad = {one.kind for one in found.findings if one.severity != "info"}
    return bad, found.verdict


def compare(model, *data, **settings):
    """The published start, and then "auto"."""
    own, verdict = kinds(model, *data, **settings)
    assert verdict != "unhealthy"
    keras_inits.initialize(model, "auto", seed=0)
    assert kinds(model, *data, **settings)[0] <= own


@pytest.mark.parametrize("name", sorted(set(SMALLEST) - SLOW))
def test_applications(name):
    keras.utils.set_random_seed(0)
    shape = (SMALLEST[name], SMALLEST[name], 3)
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=shape, classes=10)
    random = np.random.default_rng(0)
    x = random.normal(size=(16, *shape))
    if name.startswith(SCALES_ITSELF):
        x = random.uniform(0, 255, (16, *shape))
    y = random.integers(0, 10, 16)
    loss = "sparse_categorical_crossentropy"
    compare(model, x.astype("float32"), y, loss=loss, batch_size=len(x))


@pytest.mark.filterwarnings("ignore")  # those of the models' own code
@pytest.mark.parametrize("name", sorted(set(BACKBONES) - NOT_ON_NOISE))
def test_backbones_of_keras_hub(name):
    """Tiny ones, on random tokens or noise."""
    keras.utils.set_random_seed(0)
    compare(backbone(name))
