"""Networks of coordinates: sines, Fourier features, and signed distances."""

import math
from types import ModuleType
from typing import Any

from keras_inits import sampling
from keras_inits._utils import checks
from keras_inits._utils.types import Shape
from keras_inits.initializers.computed import Computed, Draw, precisely
from keras_inits.initializers.kernel import KernelInitializer
from keras_inits.initializers.orthogonal import haar
from keras_inits.initializers.registry import register

__all__ = [
    "FourierFeatures",
    "GeometricOutput",
    "RandomFourier",
    "SirenFirst",
    "SirenHidden",
]


@register("siren_first")
class SirenFirst(KernelInitializer):
    """The first layer of a network of sines: for coordinates between -1 and 1.

    Formula: U(±1 / fan_in).

    Use for: the first layer of a network of sines, whose factor omega is inside the
    sine. For all other layers use `siren_hidden`.

    Args:
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: As in `VarianceScaling`.

    Examples:
    >>> import keras_inits
    >>> round(keras_inits.SirenFirst().expected_std((2, 64)) * 3**0.5, 4)  # the bound
    0.5

    Reference: Sitzmann et al. (2020), "Implicit Neural Representations with Periodic
    Activation Functions", arXiv 2006.09661.
    """

    family = "coordinates"

    def __init__(self, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        bound = 1 / self.fans(shape).fan_in
        return sampling.uniform(-bound, bound)


@register("siren_hidden")
class SirenHidden(KernelInitializer):
    """Hidden layers, and the last, of a network of sines.

    The arguments of the sines settle at std 0.893; with `unit_variance` at 1, which is
    an addition of ours.

    Formula: U(±sqrt(6 / fan_in) / omega), with `unit_variance` over sqrt(1 - exp(-2)).

    Use for: layers of sines behind the first, and a linear last one. `omega` has to
    be the layer's own: with another one signals start too large or too small.

    Args:
        omega: Factor inside the layer's own sine; for a linear last layer that of the
            layer before; finite float, > 0.
        unit_variance: Whether arguments keep std 1 instead of 0.893.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `omega` is out of range.

    Examples:
    >>> import keras_inits
    >>> round(keras_inits.SirenHidden(omega=30.0).expected_std((512, 512)) * 30, 4)
    0.0625

    Reference: Sitzmann et al. (2020), "Implicit Neural Representations with Periodic
    Activation Functions", arXiv 2006.09661.
    """

    family = "coordinates"

    def __init__(
        self, omega: float = 30.0, unit_variance: bool = False, **geometry_and_seed: Any
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.omega = checks.number(
            "omega",
            omega,
            above=0,
            meaning="the factor inside the sine",
            instead="For example omega=30.0.",
        )
        self.unit_variance = bool(unit_variance)

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        bound = math.sqrt(6 / self.fans(shape).fan_in) / self.omega
        if self.unit_variance:
            bound /= math.sqrt(-math.expm1(-2))
        return sampling.uniform(-bound, bound)


@register("fourier_features")
class FourierFeatures(KernelInitializer):
    """Frequencies of Fourier features: a fixed first layer for coordinates.

    Formula: N(0, stddev²). Features are cos(2 pi x W) and sin(2 pi x W).

    Use for: a first layer of coordinates that is not trained, of images or fields
    with fine detail. The bandwidth decides: a small one blurs, a large one brings
    noise.

    Args:
        stddev: The bandwidth, in cycles per unit; finite float, > 0.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `stddev` is out of range.

    Examples:
    >>> import keras_inits
    >>> keras_inits.FourierFeatures(stddev=10.0).expected_std((2, 256))
    10.0

    Reference: Tancik et al. (2020), "Fourier Features Let Networks Learn High Frequency
    Functions in Low Dimensional Domains", arXiv 2006.10739.
    """

    family = "coordinates"

    def __init__(self, stddev: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.stddev = checks.number(
            "stddev",
            stddev,
            above=0,
            meaning="the bandwidth",
            instead="For coordinates between 0 and 1 use stddev=10.0.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        return sampling.normal(0.0, self.stddev)


@register("random_fourier")
class RandomFourier(Computed, KernelInitializer):
    """Random features of a kernel method: sqrt(2 / m) cos(x W + b).

    Give the layer the bias RandomUniform(0, 2 * pi), and do not train it.

    Formula: N(0, 1) / scale for the Gaussian kernel, Cauchy / scale for the Laplacian;
    orthogonal: for each block of as many columns as inputs an orthogonal matrix whose
    columns have the lengths of Gaussian vectors.

    Use for: kernel methods on large data: a layer that is not trained, with a bias
    of U(0, 2 pi), before a linear model. For coordinates use `fourier_features`.

    Args:
        kernel: "gaussian" or "laplacian".
        scale: The kernel's length; finite float, > 0.
        orthogonal: Whether columns are orthogonal, for a smaller error; Gaussian only.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if an argument is out of range; when called, if
            the shape has fewer than two axes.

    Examples:
    >>> import keras, keras_inits
    >>> kernel = keras_inits.RandomFourier(orthogonal=True, seed=7)((4, 4))
    >>> gram = keras.ops.matmul(keras.ops.transpose(kernel), kernel)
    >>> round(abs(float(gram[0, 1])), 4)
    0.0

    Reference: Rahimi, Recht (2007), "Random Features for Large-Scale Kernel Machines";
    Yu et al. (2016), "Orthogonal Random Features", arXiv 1610.09072.
    """

    family = "coordinates"

    def __init__(
        self,
        kernel: str = "gaussian",
        scale: float = 1.0,
        orthogonal: bool = False,
        **geometry_and_seed: Any,
    ) -> None:
        super().__init__(**geometry_and_seed)
        self.kernel = checks.choice(
            "kernel", kernel, ["gaussian", "laplacian"], meaning="the kernel method's"
        )
        self.scale = checks.number(
            "scale",
            scale,
            above=0,
            meaning="the kernel's length",
            instead="For example scale=1.0.",
        )
        self.orthogonal = bool(orthogonal)
        if self.orthogonal and kernel != "gaussian":
            raise ValueError(
                "Orthogonal features are of the Gaussian kernel. Received: "
                f"orthogonal=True, kernel={kernel!r}. Use kernel='gaussian'."
            )

    def expected_std(self, shape: Shape) -> float | None:
        return None if self.kernel == "laplacian" else 1 / self.scale

    def values(self, shape: Shape, draw: Draw, ops: ModuleType) -> Any:
        if self.kernel == "laplacian":
            angles = draw(sampling.uniform(-math.pi / 2, math.pi / 2), shape)
            return precisely(lambda x: ops.tan(x) / self.scale, angles, ops)
        normal = sampling.normal(0.0, 1.0)
        if not self.orthogonal:
            return draw(sampling.normal(0.0, 1 / self.scale), shape)
        blocks, rows, columns = self.geometry.blocks(shape)
        each = -(-columns // rows)
        turned = haar.matrices((blocks * each, rows, rows), draw, ops)
        gaussian = draw(normal, (blocks * each, rows, rows), "lengths")
        lengths = ops.sqrt(ops.sum(gaussian * gaussian, axis=1, keepdims=True))
        kernel = ops.reshape(turned * lengths, (blocks, each, rows, rows))
        kernel = ops.reshape(
            ops.transpose(kernel, (0, 2, 1, 3)), (blocks, rows, each * rows)
        )
        return self.geometry.assembled(kernel[:, :, :columns] / self.scale, shape, ops)


@register("geometric_output")
class GeometricOutput(KernelInitializer):
    """The last layer of a signed distance: a network that starts as a sphere.

    For its kernel and for its bias. Hidden kernels are `he_fan_out` with ReLU, hidden
    biases zeros.

    Formula: kernel N(sqrt(pi / fan_in), 1e-5²), bias -radius.

    Use for: the last layer of a ReLU network that learns a signed distance; hidden
    kernels are `he_fan_out`, their biases zeros. Not for heads that learn anything
    else.

    Args:
        radius: Of the sphere; finite float, > 0. A vector is filled with -radius.
        **geometry_and_seed: As in `VarianceScaling`.

    Raises:
        ValueError: At construction, if `radius` is out of range.

    Examples:
    >>> import keras, keras_inits
    >>> output = keras_inits.GeometricOutput(radius=0.5, seed=7)
    >>> kernel, bias = output((64, 1)), output((1,))
    >>> round(float(keras.ops.mean(kernel)), 4), round((3.14159265 / 64) ** 0.5, 4)
    (0.2216, 0.2216)
    >>> float(bias[0])
    -0.5

    Reference: Atzmon, Lipman (2020), "SAL: Sign Agnostic Learning of Shapes from Raw
    Data", arXiv 1911.10414.
    """

    family = "coordinates"

    def __init__(self, radius: float = 1.0, **geometry_and_seed: Any) -> None:
        super().__init__(**geometry_and_seed)
        self.radius = checks.number(
            "radius",
            radius,
            above=0,
            meaning="the sphere's",
            instead="For example radius=1.0.",
        )

    def entry_distribution(self, shape: Shape) -> sampling.Distribution:
        if len(shape) < 2:
            return sampling.normal(-self.radius, 0.0)
        mean = math.sqrt(math.pi / self.fans(shape).fan_in)
        return sampling.normal(mean, 1e-5)
