"""What PyTorch, JAX and Keras call the schemes: `OTHER_NAMES[scheme][framework]`.

Each line is code that draws from the distribution that the scheme has with its
example's arguments, which are its defaults where it has some. In it `w` is a weight
that exists, in PyTorch's order (units, inputs); JAX's and Keras's lines make a function
of a shape. `tests/project/test_porting.py` runs every line and compares what it draws.
"""

KERAS_NORMAL = 'keras.initializers.VarianceScaling({}, "{}", "untruncated_normal")'
JAX_TRUNCATED = 'jax.nn.initializers.variance_scaling({}, "{}", "truncated_normal")'

OTHER_NAMES: dict[str, dict[str, str]] = {
    "constant": {
        "torch": "torch.nn.init.constant_(w, 0.0)",
        "jax": "jax.nn.initializers.constant(0.0)",
        "keras": "keras.initializers.Constant(0.0)",
    },
    "delta_orthogonal": {"jax": "jax.nn.initializers.delta_orthogonal()"},
    "dirac": {"torch": "torch.nn.init.dirac_(w)"},
    "glorot_normal": {
        "jax": "jax.nn.initializers.glorot_normal()",
        "keras": "keras.initializers.GlorotNormal()",
    },
    "glorot_uniform": {
        "torch": "torch.nn.init.xavier_uniform_(w)",
        "jax": "jax.nn.initializers.glorot_uniform()",
        "keras": "keras.initializers.GlorotUniform()",
    },
    "he_fan_in": {
        "torch": "torch.nn.init.kaiming_normal_(w)",
        "jax": 'jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal")',
        "keras": KERAS_NORMAL.format(2.0, "fan_in"),
    },
    "he_fan_out": {
        "torch": 'torch.nn.init.kaiming_normal_(w, mode="fan_out")',
        "jax": 'jax.nn.initializers.variance_scaling(2.0, "fan_out", "normal")',
        "keras": KERAS_NORMAL.format(2.0, "fan_out"),
    },
    "he_normal": {
        "jax": "jax.nn.initializers.he_normal()",
        "keras": "keras.initializers.HeNormal()",
    },
    "he_uniform": {
        "torch": "torch.nn.init.kaiming_uniform_(w)",
        "jax": "jax.nn.initializers.he_uniform()",
        "keras": "keras.initializers.HeUniform()",
    },
    "he_uniform_fan_in": {
        "torch": "torch.nn.init.kaiming_uniform_(w)",
        "jax": "jax.nn.initializers.he_uniform()",
        "keras": "keras.initializers.HeUniform()",
    },
    "he_uniform_fan_out": {
        "torch": 'torch.nn.init.kaiming_uniform_(w, mode="fan_out")',
        "jax": 'jax.nn.initializers.variance_scaling(2.0, "fan_out", "uniform")',
        "keras": 'keras.initializers.VarianceScaling(2.0, "fan_out", "uniform")',
    },
    "identity": {
        "torch": "torch.nn.init.eye_(w)",
        "keras": "keras.initializers.Identity()",
    },
    "kaiming_normal": {
        "torch": "torch.nn.init.kaiming_normal_(w)",
        "jax": 'jax.nn.initializers.variance_scaling(2.0, "fan_in", "normal")',
        "keras": KERAS_NORMAL.format(2.0, "fan_in"),
    },
    "kaiming_uniform": {
        "torch": "torch.nn.init.kaiming_uniform_(w)",
        "jax": "jax.nn.initializers.kaiming_uniform()",
        "keras": "keras.initializers.HeUniform()",
    },
    "lecun_normal": {
        "jax": "jax.nn.initializers.lecun_normal()",
        "keras": "keras.initializers.LecunNormal()",
    },
    "lecun_uniform": {
        "torch": 'torch.nn.init.kaiming_uniform_(w, nonlinearity="linear")',
        "jax": "jax.nn.initializers.lecun_uniform()",
        "keras": "keras.initializers.LecunUniform()",
    },
    "ones": {
        "torch": "torch.nn.init.ones_(w)",
        "jax": "jax.nn.initializers.ones",
        "keras": "keras.initializers.Ones()",
    },
    "orthogonal": {
        "torch": "torch.nn.init.orthogonal_(w)",
        "jax": "jax.nn.initializers.orthogonal()",
        "keras": "keras.initializers.Orthogonal()",
    },
    "random_normal": {
        "torch": "torch.nn.init.normal_(w, std=0.05)",
        "jax": "jax.nn.initializers.normal(0.05)",
        "keras": "keras.initializers.RandomNormal()",
    },
    "random_uniform": {
        "torch": "torch.nn.init.uniform_(w, -0.05, 0.05)",
        "keras": "keras.initializers.RandomUniform()",
    },
    "standard_normal": {
        "torch": "torch.nn.init.normal_(w)",
        "jax": "jax.nn.initializers.normal(1.0)",
        "keras": "keras.initializers.RandomNormal(stddev=1.0)",
    },
    "stft": {"keras": "keras.initializers.STFT()"},
    "torch_bias": {"torch": "torch.nn.Linear(inputs, units).bias"},
    "torch_default": {"torch": "torch.nn.Linear(inputs, units).weight"},
    "torch_rnn": {"torch": "torch.nn.LSTM(inputs, units).weight_hh_l0"},
    "truncated_normal": {
        "torch": "torch.nn.init.trunc_normal_(w, std=0.05, a=-0.1, b=0.1)",
        "jax": "jax.nn.initializers.truncated_normal(0.05)",
        "keras": "keras.initializers.TruncatedNormal()",
    },
    "truncated_normal_02": {
        "torch": "torch.nn.init.trunc_normal_(w, std=0.02, a=-0.04, b=0.04)",
        "jax": "jax.nn.initializers.truncated_normal(0.02)",
        "keras": "keras.initializers.TruncatedNormal(stddev=0.02)",
    },
    "variance_scaling": {
        "jax": JAX_TRUNCATED.format(1.0, "fan_in"),
        "keras": "keras.initializers.VarianceScaling()",
    },
    "xavier_normal": {
        "torch": "torch.nn.init.xavier_normal_(w)",
        "jax": 'jax.nn.initializers.variance_scaling(1.0, "fan_avg", "normal")',
        "keras": KERAS_NORMAL.format(1.0, "fan_avg"),
    },
    "xavier_uniform": {
        "torch": "torch.nn.init.xavier_uniform_(w)",
        "jax": "jax.nn.initializers.xavier_uniform()",
        "keras": "keras.initializers.GlorotUniform()",
    },
    "zeros": {
        "torch": "torch.nn.init.zeros_(w)",
        "jax": "jax.nn.initializers.zeros",
        "keras": "keras.initializers.Zeros()",
    },
}
