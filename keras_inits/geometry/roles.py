"""What a weight is for: its role in the layer that owns it."""

import enum


class Role(enum.StrEnum):
    """What a weight is for; equal to its name, so that "bias" works, too."""

    KERNEL = "kernel"
    RECURRENT = "recurrent kernel"
    EMBEDDING = "embedding"
    BIAS = "bias"
    GAIN = "gain"  # multiplies: starts at one
    SLOPE = "slope"  # of PReLU: starts at zero, as a bias does
    MEAN = "moving mean"
    VARIANCE = "moving variance"
    LORA_A = "LoRA factor A"
    LORA_B = (
        "LoRA factor B"  # starts at zero, so that the adapted layer is the original
    )
    STATE = "state"  # what is no parameter: left alone

    __repr__ = str.__repr__  # reports and errors show the plain string


KERNEL_ROLES = (Role.KERNEL, Role.RECURRENT, Role.EMBEDDING, Role.LORA_A)
