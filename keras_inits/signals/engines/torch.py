"""A pass on PyTorch, with hooks on tensors."""

from typing import Any

from keras_inits._utils.types import Tensor
from keras_inits.signals.engines.base import Eager, WeightGradient


class TorchEngine(Eager):
    """Eager execution with hooks on tensors."""

    def attach(self, x: Tensor, index: int, channels_first: bool) -> Any:
        if x.requires_grad:
            x = x.view_as(x)  # a tensor of its own, whose gradient is of this use

            def backward(gradient: Tensor) -> None:
                self.received(gradient, index, channels_first)

            x.register_hook(backward)
        return x

    def loss(self, values: list[Any], data: Any) -> float:
        import torch

        with torch.no_grad():
            return super().loss(values, data)

    def run(self, data: Any) -> tuple[float, list[WeightGradient | None]]:
        """The loss and the gradients' figures of a batch."""
        import torch

        self.recorder.start()
        with torch.enable_grad():
            values = [v.value.detach() for v in self.problem.trainable]
            for value in values:
                value.requires_grad_(value.is_floating_point())
            others = [v.value.detach() for v in self.problem.others]
            loss = self.problem.forward(values, others, data)
            scaled = loss * self.scale
            sources = [value for value in values if value.requires_grad]
            found: list[Any] = [None] * len(sources)
            if sources and scaled.requires_grad:
                found = list(torch.autograd.grad(scaled, sources, allow_unused=True))
        each = iter(found)
        with torch.no_grad():
            figures = [next(each) if v.requires_grad else None for v in values]
            self.kept = figures if self.keeps else None
            return float(loss.detach()), self.gradients(figures)
