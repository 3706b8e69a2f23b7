"""Short trainings of one network by SGD or Adam, compiled once, on JAX.

As in `digit_training.py` a training is one compiled loop over all weights as one
vector; here any data, any loss and either optimizer may be had, and the loss of each
step is kept.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.flatten_util import ravel_pytree

Objective = Callable[[Any, Any], Any]  # from outputs and targets to a number


class Trained(NamedTuple):
    """What a training gives.

    Attributes:
        losses: Of each step, before it; NaN for steps after one that was not finite.
        weights: At the end.
        outputs: For the inputs of the test.
    """

    losses: np.ndarray
    weights: Any
    outputs: np.ndarray

    @property
    def diverged(self) -> bool:
        """Whether anything was not finite."""
        return not (np.isfinite(self.losses).all() and np.isfinite(self.outputs).all())


def cross_entropy(logits: Any, labels: Any) -> Any:
    """Mean over the batch, from logits."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -chosen.mean()


def squared_error(outputs: Any, targets: Any) -> Any:
    """Mean over all entries."""
    return ((outputs - targets) ** 2).mean()


def batches(samples: int, batch: int, steps: int, seed: int = 1) -> np.ndarray:
    """Indices of each step's batch, in shuffled passes of whole batches."""
    random, found = np.random.default_rng(seed), []
    while len(found) < steps:
        order = random.permutation(samples)[: samples // batch * batch]
        found += list(order.reshape(-1, batch))
    return np.array(found[:steps], "int32")


def accuracy(outputs: np.ndarray, labels: np.ndarray) -> float:
    """Share of right guesses."""
    return float((outputs.argmax(axis=1) == labels).mean())


def compiled(
    outputs: Callable[[Any, Any], Any],
    like: Any,
    objective: Objective,
    x: np.ndarray,
    y: np.ndarray,
    order: np.ndarray,
    x_test: np.ndarray,
    momentum: float | None = None,
    clip: float = np.inf,
) -> Callable[[Any, Any], Trained]:
    """A function that trains the weights of a function.

    Args:
        outputs: From weights and inputs to outputs.
        like: Weights, of which only the structure counts.
        objective: What is minimized.
        x: Inputs.
        y: Targets.
        order: Indices of each step's batch.
        x_test: What the trained network is then run on.
        momentum: Of SGD; None for Adam.
        clip: Greatest norm of the gradient; longer ones are shortened.

    Returns:
        A function from weights and the learning rate, or one for each weight, to a
        `Trained`. The first call compiles.
    """
    steps = len(order)
    _, unravel = ravel_pytree(like)

    @jax.jit
    def train(flat: Any, rate: Any, x: Any, y: Any, order: Any) -> Any:
        def loss(flat: Any, take: Any) -> Any:
            return objective(outputs(unravel(flat), x[take]), y[take])

        def step(carry: Any) -> Any:
            number, flat, first, second, losses = carry
            value, gradient = jax.value_and_grad(loss)(flat, order[number])
            gradient *= jnp.minimum(1, clip / (jnp.linalg.norm(gradient) + 1e-30))
            losses = losses.at[number].set(value)
            number = number + 1
            if momentum is not None:
                first = momentum * first + gradient
                return number, flat - rate * first, first, second, losses
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            size = jnp.sqrt(second / (1 - 0.999**number))
            flat = flat - rate * first / (1 - 0.9**number) / (size + 1e-7)
            return number, flat, first, second, losses

        def goes_on(carry: Any) -> Any:
            number, losses = carry[0], carry[-1]
            last = jnp.where(number > 0, losses[number - 1], 0.0)
            return (number < steps) & jnp.isfinite(last)

        none = jnp.zeros_like(flat)
        start = (0, flat, none, none, jnp.full(steps, jnp.nan))
        end = jax.lax.while_loop(goes_on, step, start)
        return end[1], end[-1], outputs(unravel(end[1]), x_test)

    def trained(weights: Any, rate: Any) -> Trained:
        if not isinstance(rate, float):
            each = zip(jax.tree.leaves(weights), jax.tree.leaves(rate), strict=True)
            rate = jnp.concatenate([jnp.full(w.size, one) for w, one in each])
        flat, _ = ravel_pytree(weights)
        flat, losses, found = train(flat, jnp.asarray(rate), x, y, order)
        weights = jax.tree.map(np.asarray, unravel(flat))
        return Trained(np.asarray(losses), weights, np.asarray(found))

    return trained


def trainer(
    model: keras.Model, *arguments: Any, **options: Any
) -> Callable[[float], Trained]:
    """A function that trains the model's present weights, and leaves them alone.

    Args:
        model: Built; what state it has is not used in a pass.
        *arguments: Of `compiled`, from `objective`.
        **options: Of `compiled`.

    Returns:
        A function from the learning rate to a `Trained`. The first call compiles.
    """
    state = [v.value for v in model.non_trainable_variables]  # of unused dropout

    def outputs(weights: Any, inputs: Any) -> Any:
        return model.stateless_call(weights, state, inputs)[0]

    def weights() -> Any:
        return [v.value for v in model.trainable_variables]

    train = compiled(outputs, weights(), *arguments, **options)
    return lambda rate: train(weights(), rate)
