"""Configs of models, as files have them, written by hand."""


def a_config(value, key="kernel_initializer"):
    inner = {"name": "dense", key: value}
    layer = {"module": "keras.layers", "class_name": "Dense", "config": inner}
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}}


def of_ours(name, config=None, **more):
    return {
        "module": "keras_inits.somewhere",
        "class_name": "Any",
        "config": config or {},
        "registered_name": f"keras_inits>{name}",
    } | more
