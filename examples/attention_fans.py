"""What do the kernels of attention connect? `fans` looks at the layer, not a shape."""

import keras

import keras_inits

WIDTH, HEADS, GROUPS = 256, 8, 2
inputs = keras.Input((10, WIDTH))
full = keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name="full")
grouped = keras.layers.GroupQueryAttention(
    WIDTH // HEADS, HEADS, GROUPS, name="grouped"
)
fused = keras.layers.Dense(3 * WIDTH, name="fused")  # query, key and value side by side
model = keras.Model(
    inputs, [full(inputs, inputs), grouped(inputs, inputs), fused(inputs)]
)

for layer, name in ((full, "key"), (full, "attention_output"), (grouped, "key")):
    fans = keras_inits.fans(layer, f"{name}/kernel")
    print(f"{layer.name} {name}: fan_in {fans.fan_in:.0f}, fan_out {fans.fan_out:.0f}")

# In one kernel of three, Xavier's rule takes 768 for the fan_out of each, which is 256.
kernels = {
    "one": "xavier_uniform",
    "three": keras_inits.Blocks("xavier_uniform", parts=3),
}
std = {}
for parts, scheme in kernels.items():
    keras_inits.initialize(model, {"fused/kernel": scheme, "*": "auto"}, seed=7)
    std[parts] = float(keras.ops.std(fused.kernel))
print(f"fused, drawn as three over drawn as one: {std['three'] / std['one']:.4f}")
