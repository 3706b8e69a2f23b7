"""One of several processes of PyTorch's, with gloo.

Usage: `python torch_processes.py PROCESSES NUMBER PORT`. Prints JSON: hashes of each
weight after each step.
"""

import hashlib
import json
import os
import sys


def build():
    """A model whose schemes draw by name, with a seed."""
    import keras

    import keras_inits

    layers = keras.layers

    def own(name):
        return keras_inits.get(name, seed=3)

    inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(40, 16, own("embedding_normal"), name="embedding")(inputs)
    x = layers.LSTM(12, kernel_initializer=own("xavier_normal"), name="memory")(x)
    x = layers.Dense(10, "gelu", kernel_initializer=own("he_fan_in"), name="hidden")(x)
    head = layers.Dense(4, kernel_initializer=own("lecun_normal"), name="head")
    return keras.Model(inputs, head(x))


def hashes(model):
    """Of all weights, in order of creation."""
    values = [weight.value.detach().cpu().numpy() for weight in model.weights]
    return [hashlib.sha256(value.tobytes()).hexdigest() for value in values]


def rows(number):
    """What one process is given: other rows in each."""
    import numpy as np
    import torch

    rng = np.random.default_rng(number)
    x, y = rng.integers(0, 40, (16, 6)), rng.integers(0, 4, 16)
    return torch.from_numpy(x), torch.from_numpy(y)


def main(processes, number, port):
    """Builds, initializes and trains one step in `DistributedDataParallel`."""
    import numpy as np
    import torch

    import keras_inits

    np.random.seed(number)
    torch.manual_seed(number)  # what else is random differs
    address = f"tcp://127.0.0.1:{port}"
    distributed = torch.distributed
    distributed.init_process_group(
        "gloo", init_method=address, world_size=processes, rank=number
    )
    model = build()
    told = {"built": hashes(model)}
    keras_inits.initialize(model, "auto", seed=0)
    told["initialized"] = hashes(model)
    parallel = torch.nn.parallel.DistributedDataParallel(model)
    told["wrapped"] = hashes(model)
    optimizer = torch.optim.SGD(parallel.parameters(), 0.5)
    x, y = rows(number)
    loss = torch.nn.functional.cross_entropy(parallel(x), y)
    loss.backward()
    optimizer.step()
    told["trained"], told["loss"] = hashes(model), float(loss)
    distributed.barrier()
    distributed.destroy_process_group()
    print(json.dumps(told), flush=True)
    # Threads of the wrapper may wait for a partner that is gone: of two processes one
    # sometimes never ended, after its last line.
    os._exit(0)


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "torch"
    main(*map(int, sys.argv[1:]))
