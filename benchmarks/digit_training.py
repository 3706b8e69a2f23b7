"""Short trainings of one network from many starts, compiled once, on JAX.

The whole training is one compiled loop: Adam on all weights as one vector, which ends
early once the loss is not finite. Start and learning rate are arguments.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.flatten_util import ravel_pytree

TEST = 360  # digits of 1797, a fifth
BATCH = 64
CHANCE = 0.1
# Keras's default 1e-3; 3e-4 for deep networks that 1e-3 shakes apart; 1e-2 because
# 150 steps are few, and shallow networks get furthest by it.
RATES = (3e-4, 1e-3, 1e-2)

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def digits(inputs: str) -> Data:
    """scikit-learn's digits, the same split always: x, y to train on; x, y to test.

    Args:
        inputs: "standardized" (each pixel of mean 0, all together of variance 1) or
            "raw" (from 0 to 1).
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order] / 16.0, y[order].astype("int32")
    if inputs == "standardized":
        x = x - x[TEST:].mean(axis=0)
        x = x / x[TEST:].std()
    x = x.astype("float32").reshape(-1, 8, 8)
    return x[TEST:], y[TEST:], x[:TEST], y[:TEST]


def batches(samples: int, steps: int) -> np.ndarray:
    """Indices of each step's batch, the same for all networks: whole batches only."""
    random, found = np.random.default_rng(1), []
    while len(found) < steps:
        order = random.permutation(samples)[: samples // BATCH * BATCH]
        found += list(order.reshape(-1, BATCH))
    return np.array(found[:steps], "int32")


def loss_of(what: dict[str, Any]) -> keras.losses.Loss:
    """The loss for what the network's head gives."""
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=what["head"] == "logits"
    )


def _as_product(inputs: Any, kernel: Any) -> Any:
    """A convolution of stride 1 and padding "same" as one product of matrices."""
    kernel = jnp.asarray(kernel)
    rows, columns, _, filters = kernel.shape
    around = [(0, 0), (rows // 2,) * 2, (columns // 2,) * 2, (0, 0)]
    padded, (height, width) = jnp.pad(inputs, around), inputs.shape[1:3]
    windows = [
        padded[:, i : i + height, j : j + width]
        for i in range(rows)
        for j in range(columns)
    ]
    return jnp.concatenate(windows, axis=-1) @ kernel.reshape(-1, filters)


@contextlib.contextmanager
def _products(model: keras.Model) -> Iterator[None]:
    """Context in which convolutions are products: in a loop on a CPU 4 times faster."""
    layers = [one for one in model.layers if isinstance(one, keras.layers.Conv2D)]
    for layer in layers:
        layer.convolution_op = _as_product
    try:
        yield
    finally:
        for layer in layers:
            del layer.convolution_op


def trainer(
    model: keras.Model, loss: keras.losses.Loss, data: Data, steps: int
) -> Callable[[float], dict[str, Any]]:
    """A function that trains the model's present weights, and leaves them alone.

    Args:
        model: Built; its layers hold no random state.
        loss: What is minimized.
        data: As `digits` returns them.
        steps: Of Adam.

    Returns:
        A function from the learning rate to the accuracy on the test digits, the last
        training loss (None if not finite) and the number of steps taken. Outputs that
        are not finite count as guesses. The first call compiles.
    """
    x, y, x_test, y_test = map(jnp.asarray, data)
    order = jnp.asarray(batches(len(data[0]), steps))
    _, unravel = ravel_pytree([v.value for v in model.trainable_variables])

    def objective(flat: Any, state: Any, take: Any) -> Any:
        weights = unravel(flat)
        out, state = model.stateless_call(weights, state, x[take], training=True)
        return loss(y[take], out), state

    @jax.jit
    def train(flat: Any, state: Any, rate: Any) -> Any:
        def step(carry: Any) -> Any:
            number, flat, first, second, state, _ = carry
            graded = jax.value_and_grad(objective, has_aux=True)
            (value, state), gradient = graded(flat, state, order[number])
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            number = number + 1
            mean = first / (1 - 0.9**number)
            size = jnp.sqrt(second / (1 - 0.999**number))
            flat = flat - rate * mean / (size + 1e-7)
            return number, flat, first, second, state, value

        def goes_on(carry: Any) -> Any:
            return (carry[0] < steps) & jnp.isfinite(carry[-1])

        none = jnp.zeros_like(flat)
        start = (0, flat, none, none, state, jnp.float32(0))
        with _products(model):  # while it is traced
            end = jax.lax.while_loop(goes_on, step, start)
            number, flat, _, _, state, value = end
            weights = unravel(flat)
            out, _ = model.stateless_call(weights, state, x_test, training=False)
        right = (out.argmax(axis=1) == y_test).mean()
        finite = jnp.isfinite(out).all() & jnp.isfinite(value)
        return jnp.where(finite, right, CHANCE), value, number

    def result(rate: float) -> dict[str, Any]:
        flat, _ = ravel_pytree([v.value for v in model.trainable_variables])
        state = [v.value for v in model.non_trainable_variables]
        accuracy, value, number = train(flat, state, jnp.float32(rate))
        return {
            "accuracy": round(float(accuracy), 4),
            "loss": float(value) if np.isfinite(value) else None,
            "steps": int(number),
        }

    return result
