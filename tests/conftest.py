"""What all tests share: the backend, chosen before Keras is imported."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_report_header():
    """The backend and the version of Keras, on the first lines of a run."""
    import keras

    return f"keras {keras.version()} on {keras.backend.backend()}"
