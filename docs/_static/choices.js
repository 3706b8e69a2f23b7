// Written by docs/choices.py.
window.kerasInitsChoices = {
 "layers": [
  "Dense",
  "Conv2D",
  "DepthwiseConv2D",
  "Conv2DTranspose",
  "last Dense",
  "MultiHeadAttention",
  "LSTM",
  "GRU",
  "Embedding"
 ],
 "activations": [
  "relu",
  "leaky_relu",
  "gelu",
  "silu",
  "mish",
  "elu",
  "selu",
  "tanh",
  "softsign",
  "sigmoid",
  "softplus",
  "linear"
 ],
 "normalizations": {
  "none": "none",
  "before": "before the kernel (pre-norm)",
  "after": "between kernel and activation"
 },
 "lines": {
  "Dense|relu|none": {
   "exact": "keras.layers.Dense(256, activation=\"relu\", kernel_initializer=\"he_fan_in\")"
  },
  "Dense|relu|before": {
   "exact": "keras.layers.Dense(256, activation=\"relu\", kernel_initializer=\"he_fan_in\")"
  },
  "Dense|relu|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=\"he_fan_in\")"
  },
  "Dense|leaky_relu|none": {
   "exact": "keras.layers.Dense(256, activation=\"leaky_relu\", kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2))",
   "string": "keras.layers.Dense(256, activation=\"leaky_relu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Dense|leaky_relu|before": {
   "exact": "keras.layers.Dense(256, activation=\"leaky_relu\", kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2))",
   "string": "keras.layers.Dense(256, activation=\"leaky_relu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|leaky_relu|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|gelu|none": {
   "exact": "keras.layers.Dense(256, activation=\"gelu\", kernel_initializer=keras_inits.VarianceScaling(2.352))",
   "string": "keras.layers.Dense(256, activation=\"gelu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Dense|gelu|before": {
   "exact": "keras.layers.Dense(256, activation=\"gelu\", kernel_initializer=keras_inits.VarianceScaling(2.352))",
   "string": "keras.layers.Dense(256, activation=\"gelu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|gelu|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.VarianceScaling(2.352))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|silu|none": {
   "exact": "keras.layers.Dense(256, activation=\"silu\", kernel_initializer=keras_inits.VarianceScaling(2.811))",
   "string": "keras.layers.Dense(256, activation=\"silu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Dense|silu|before": {
   "exact": "keras.layers.Dense(256, activation=\"silu\", kernel_initializer=keras_inits.VarianceScaling(2.811))",
   "string": "keras.layers.Dense(256, activation=\"silu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|silu|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.VarianceScaling(2.811))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|mish|none": {
   "exact": "keras.layers.Dense(256, activation=\"mish\", kernel_initializer=keras_inits.VarianceScaling(2.211))",
   "string": "keras.layers.Dense(256, activation=\"mish\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Dense|mish|before": {
   "exact": "keras.layers.Dense(256, activation=\"mish\", kernel_initializer=keras_inits.VarianceScaling(2.211))",
   "string": "keras.layers.Dense(256, activation=\"mish\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|mish|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.VarianceScaling(2.211))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|elu|none": {
   "exact": "keras.layers.Dense(256, activation=\"elu\", kernel_initializer=keras_inits.VarianceScaling(1.551))",
   "string": "keras.layers.Dense(256, activation=\"elu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Dense|elu|before": {
   "exact": "keras.layers.Dense(256, activation=\"elu\", kernel_initializer=keras_inits.VarianceScaling(1.551))",
   "string": "keras.layers.Dense(256, activation=\"elu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|elu|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.VarianceScaling(1.551))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|selu|none": {
   "exact": "keras.layers.Dense(256, activation=\"selu\", kernel_initializer=\"keras_inits>lecun_normal\")"
  },
  "Dense|selu|before": {
   "exact": "keras.layers.Dense(256, activation=\"selu\", kernel_initializer=\"keras_inits>lecun_normal\")"
  },
  "Dense|selu|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=\"keras_inits>lecun_normal\")"
  },
  "Dense|tanh|none": {
   "exact": "keras.layers.Dense(256, activation=\"tanh\", kernel_initializer=keras_inits.VarianceScaling(2.536))",
   "string": "keras.layers.Dense(256, activation=\"tanh\", kernel_initializer=\"xavier_uniform\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Dense|tanh|before": {
   "exact": "keras.layers.Dense(256, activation=\"tanh\", kernel_initializer=keras_inits.VarianceScaling(2.536))",
   "string": "keras.layers.Dense(256, activation=\"tanh\", kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|tanh|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.VarianceScaling(2.536))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|softsign|none": {
   "exact": "keras.layers.Dense(256, activation=\"softsign\", kernel_initializer=keras_inits.VarianceScaling(5.464))",
   "string": "keras.layers.Dense(256, activation=\"softsign\", kernel_initializer=\"xavier_uniform\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Dense|softsign|before": {
   "exact": "keras.layers.Dense(256, activation=\"softsign\", kernel_initializer=keras_inits.VarianceScaling(5.464))",
   "string": "keras.layers.Dense(256, activation=\"softsign\", kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|softsign|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.VarianceScaling(5.464))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|sigmoid|none": {
   "exact": "keras.layers.Dense(256, activation=\"sigmoid\", kernel_initializer=keras_inits.CenteredVarianceScaling(23.05))",
   "string": "keras.layers.Dense(256, activation=\"sigmoid\", kernel_initializer=\"xavier_uniform\")",
   "why": "This activation's outputs have a mean that outweighs their spread. In more than a few layers only kernels whose weights sum to zero tell samples apart."
  },
  "Dense|sigmoid|before": {
   "exact": "keras.layers.Dense(256, activation=\"sigmoid\", kernel_initializer=\"keras_inits>lecun_normal\")",
   "string": "keras.layers.Dense(256, activation=\"sigmoid\", kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|sigmoid|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.CenteredVarianceScaling(23.05))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|softplus|none": {
   "exact": "keras.layers.Dense(256, activation=\"softplus\", kernel_initializer=keras_inits.CenteredVarianceScaling(3.683))",
   "string": "keras.layers.Dense(256, activation=\"softplus\", kernel_initializer=\"he_fan_in\")",
   "why": "This activation's outputs have a mean that outweighs their spread. In more than a few layers only kernels whose weights sum to zero tell samples apart."
  },
  "Dense|softplus|before": {
   "exact": "keras.layers.Dense(256, activation=\"softplus\", kernel_initializer=\"keras_inits>lecun_normal\")",
   "string": "keras.layers.Dense(256, activation=\"softplus\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Dense|softplus|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=keras_inits.CenteredVarianceScaling(3.683))",
   "string": "keras.layers.Dense(256, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Dense|linear|none": {
   "exact": "keras.layers.Dense(256, kernel_initializer=\"xavier_uniform\")"
  },
  "Dense|linear|before": {
   "exact": "keras.layers.Dense(256, kernel_initializer=\"xavier_uniform\")"
  },
  "Dense|linear|after": {
   "exact": "keras.layers.Dense(256, kernel_initializer=\"xavier_uniform\")"
  },
  "Conv2D|relu|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"relu\", kernel_initializer=\"he_fan_in\")"
  },
  "Conv2D|relu|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"relu\", kernel_initializer=\"he_fan_in\")"
  },
  "Conv2D|relu|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=\"he_fan_in\")"
  },
  "Conv2D|leaky_relu|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"leaky_relu\", kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"leaky_relu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Conv2D|leaky_relu|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"leaky_relu\", kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"leaky_relu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|leaky_relu|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|gelu|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"gelu\", kernel_initializer=keras_inits.VarianceScaling(2.352))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"gelu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Conv2D|gelu|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"gelu\", kernel_initializer=keras_inits.VarianceScaling(2.352))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"gelu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|gelu|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.VarianceScaling(2.352))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|silu|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"silu\", kernel_initializer=keras_inits.VarianceScaling(2.811))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"silu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Conv2D|silu|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"silu\", kernel_initializer=keras_inits.VarianceScaling(2.811))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"silu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|silu|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.VarianceScaling(2.811))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|mish|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"mish\", kernel_initializer=keras_inits.VarianceScaling(2.211))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"mish\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Conv2D|mish|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"mish\", kernel_initializer=keras_inits.VarianceScaling(2.211))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"mish\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|mish|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.VarianceScaling(2.211))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|elu|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"elu\", kernel_initializer=keras_inits.VarianceScaling(1.551))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"elu\", kernel_initializer=\"he_fan_in\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Conv2D|elu|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"elu\", kernel_initializer=keras_inits.VarianceScaling(1.551))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"elu\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|elu|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.VarianceScaling(1.551))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|selu|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"selu\", kernel_initializer=\"keras_inits>lecun_normal\")"
  },
  "Conv2D|selu|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"selu\", kernel_initializer=\"keras_inits>lecun_normal\")"
  },
  "Conv2D|selu|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=\"keras_inits>lecun_normal\")"
  },
  "Conv2D|tanh|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"tanh\", kernel_initializer=keras_inits.VarianceScaling(2.536))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"tanh\", kernel_initializer=\"xavier_uniform\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Conv2D|tanh|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"tanh\", kernel_initializer=keras_inits.VarianceScaling(2.536))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"tanh\", kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|tanh|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.VarianceScaling(2.536))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|softsign|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"softsign\", kernel_initializer=keras_inits.VarianceScaling(5.464))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"softsign\", kernel_initializer=\"xavier_uniform\")",
   "why": "The string's variance is not quite what this activation asks for. In a few layers that does no harm; in many it adds up."
  },
  "Conv2D|softsign|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"softsign\", kernel_initializer=keras_inits.VarianceScaling(5.464))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"softsign\", kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|softsign|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.VarianceScaling(5.464))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|sigmoid|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"sigmoid\", kernel_initializer=keras_inits.CenteredVarianceScaling(23.05))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"sigmoid\", kernel_initializer=\"xavier_uniform\")",
   "why": "This activation's outputs have a mean that outweighs their spread. In more than a few layers only kernels whose weights sum to zero tell samples apart."
  },
  "Conv2D|sigmoid|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"sigmoid\", kernel_initializer=\"keras_inits>lecun_normal\")",
   "string": "keras.layers.Conv2D(64, 3, activation=\"sigmoid\", kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|sigmoid|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.CenteredVarianceScaling(23.05))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"xavier_uniform\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|softplus|none": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"softplus\", kernel_initializer=keras_inits.CenteredVarianceScaling(3.683))",
   "string": "keras.layers.Conv2D(64, 3, activation=\"softplus\", kernel_initializer=\"he_fan_in\")",
   "why": "This activation's outputs have a mean that outweighs their spread. In more than a few layers only kernels whose weights sum to zero tell samples apart."
  },
  "Conv2D|softplus|before": {
   "exact": "keras.layers.Conv2D(64, 3, activation=\"softplus\", kernel_initializer=\"keras_inits>lecun_normal\")",
   "string": "keras.layers.Conv2D(64, 3, activation=\"softplus\", kernel_initializer=\"he_fan_in\")",
   "why": "The normalization sets the size anew before every kernel, so errors do not add up: the string will do."
  },
  "Conv2D|softplus|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=keras_inits.CenteredVarianceScaling(3.683))",
   "string": "keras.layers.Conv2D(64, 3, kernel_initializer=\"he_fan_in\")",
   "why": "The normalization takes the size of the kernel away: the string will do."
  },
  "Conv2D|linear|none": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=\"xavier_uniform\")"
  },
  "Conv2D|linear|before": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=\"xavier_uniform\")"
  },
  "Conv2D|linear|after": {
   "exact": "keras.layers.Conv2D(64, 3, kernel_initializer=\"xavier_uniform\")"
  },
  "DepthwiseConv2D|relu|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"relu\", depthwise_initializer=keras_inits.HeFanIn(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|relu|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"relu\", depthwise_initializer=keras_inits.HeFanIn(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|relu|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.HeFanIn(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|leaky_relu|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"leaky_relu\", depthwise_initializer=keras_inits.HeFanIn(negative_slope=0.2, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|leaky_relu|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"leaky_relu\", depthwise_initializer=keras_inits.HeFanIn(negative_slope=0.2, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|leaky_relu|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.HeFanIn(negative_slope=0.2, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|gelu|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"gelu\", depthwise_initializer=keras_inits.VarianceScaling(2.352, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|gelu|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"gelu\", depthwise_initializer=keras_inits.VarianceScaling(2.352, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|gelu|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.VarianceScaling(2.352, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|silu|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"silu\", depthwise_initializer=keras_inits.VarianceScaling(2.811, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|silu|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"silu\", depthwise_initializer=keras_inits.VarianceScaling(2.811, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|silu|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.VarianceScaling(2.811, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|mish|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"mish\", depthwise_initializer=keras_inits.VarianceScaling(2.211, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|mish|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"mish\", depthwise_initializer=keras_inits.VarianceScaling(2.211, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|mish|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.VarianceScaling(2.211, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|elu|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"elu\", depthwise_initializer=keras_inits.VarianceScaling(1.551, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|elu|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"elu\", depthwise_initializer=keras_inits.VarianceScaling(1.551, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|elu|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.VarianceScaling(1.551, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|selu|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"selu\", depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|selu|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"selu\", depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|selu|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|tanh|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"tanh\", depthwise_initializer=keras_inits.VarianceScaling(2.536, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|tanh|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"tanh\", depthwise_initializer=keras_inits.VarianceScaling(2.536, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|tanh|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.VarianceScaling(2.536, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|softsign|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"softsign\", depthwise_initializer=keras_inits.VarianceScaling(5.464, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|softsign|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"softsign\", depthwise_initializer=keras_inits.VarianceScaling(5.464, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|softsign|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.VarianceScaling(5.464, kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|sigmoid|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"sigmoid\", depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|sigmoid|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"sigmoid\", depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|sigmoid|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|softplus|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"softplus\", depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|softplus|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, activation=\"softplus\", depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|softplus|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.LecunNormal(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|linear|none": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.XavierUniform(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|linear|before": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.XavierUniform(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "DepthwiseConv2D|linear|after": {
   "exact": "keras.layers.DepthwiseConv2D(3, depthwise_initializer=keras_inits.XavierUniform(kernel_format=\"depthwise\"))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|relu|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"relu\", kernel_initializer=keras_inits.HeFanIn(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|relu|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"relu\", kernel_initializer=keras_inits.HeFanIn(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|relu|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.HeFanIn(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|leaky_relu|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"leaky_relu\", kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|leaky_relu|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"leaky_relu\", kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|leaky_relu|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.HeFanIn(negative_slope=0.2, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|gelu|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"gelu\", kernel_initializer=keras_inits.VarianceScaling(2.352, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|gelu|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"gelu\", kernel_initializer=keras_inits.VarianceScaling(2.352, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|gelu|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.VarianceScaling(2.352, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|silu|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"silu\", kernel_initializer=keras_inits.VarianceScaling(2.811, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|silu|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"silu\", kernel_initializer=keras_inits.VarianceScaling(2.811, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|silu|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.VarianceScaling(2.811, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|mish|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"mish\", kernel_initializer=keras_inits.VarianceScaling(2.211, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|mish|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"mish\", kernel_initializer=keras_inits.VarianceScaling(2.211, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|mish|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.VarianceScaling(2.211, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|elu|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"elu\", kernel_initializer=keras_inits.VarianceScaling(1.551, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|elu|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"elu\", kernel_initializer=keras_inits.VarianceScaling(1.551, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|elu|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.VarianceScaling(1.551, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|selu|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"selu\", kernel_initializer=keras_inits.LecunNormal(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|selu|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"selu\", kernel_initializer=keras_inits.LecunNormal(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|selu|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.LecunNormal(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|tanh|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"tanh\", kernel_initializer=keras_inits.VarianceScaling(2.536, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|tanh|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"tanh\", kernel_initializer=keras_inits.VarianceScaling(2.536, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|tanh|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.VarianceScaling(2.536, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|softsign|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"softsign\", kernel_initializer=keras_inits.VarianceScaling(5.464, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|softsign|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"softsign\", kernel_initializer=keras_inits.VarianceScaling(5.464, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|softsign|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.VarianceScaling(5.464, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|sigmoid|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"sigmoid\", kernel_initializer=keras_inits.CenteredVarianceScaling(23.05, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|sigmoid|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"sigmoid\", kernel_initializer=keras_inits.LecunNormal(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|sigmoid|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.CenteredVarianceScaling(23.05, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|softplus|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"softplus\", kernel_initializer=keras_inits.CenteredVarianceScaling(3.683, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|softplus|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, activation=\"softplus\", kernel_initializer=keras_inits.LecunNormal(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|softplus|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.CenteredVarianceScaling(3.683, kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|linear|none": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.XavierUniform(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|linear|before": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.XavierUniform(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "Conv2DTranspose|linear|after": {
   "exact": "keras.layers.Conv2DTranspose(64, 4, strides=2, kernel_initializer=keras_inits.XavierUniform(kernel_format=\"transpose\", stride=4))",
   "why": "A bare string would count the wrong axes of this kernel as inputs, so there is no string for it. initialize() counts right by itself."
  },
  "last Dense": {
   "exact": "keras.layers.Dense(10, kernel_initializer=\"xavier_uniform\")",
   "why": "This does not depend on activation and normalization."
  },
  "MultiHeadAttention": {
   "exact": "keras.layers.MultiHeadAttention(8, 32, kernel_initializer=\"xavier_uniform\")",
   "why": "This does not depend on activation and normalization."
  },
  "LSTM": {
   "exact": "keras.layers.LSTM(64, kernel_initializer=keras_inits.XavierUniform(gates=4), recurrent_initializer=keras_inits.Orthogonal(gates=4))",
   "why": "This does not depend on activation and normalization."
  },
  "GRU": {
   "exact": "keras.layers.GRU(64, kernel_initializer=keras_inits.XavierUniform(gates=3), recurrent_initializer=keras_inits.Orthogonal(gates=3))",
   "why": "This does not depend on activation and normalization."
  },
  "Embedding": {
   "exact": "keras.layers.Embedding(1000, 64, embeddings_initializer=\"embedding_normal\")",
   "why": "This does not depend on activation and normalization."
  }
 }
};
