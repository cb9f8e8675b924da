"""mnistkit: train, evaluate and compare handwritten-digit classifiers, with MNIST in the box."""

__version__ = "0.1.0"
