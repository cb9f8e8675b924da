"""Compare an epoch of convnext with one of the usual PyTorch MNIST example, in turn on the same machine.

    python tests/benchmarks/epoch.py [ROUNDS]

The example is two 3x3 convolutions of 32 and 64 channels, max pooling, dropout and linear layers 9216-128-10,
trained with Adadelta and batches of 64 from a DataLoader over the torchvision dataset with its per-image
transforms. Each side runs in a process of its own, is warmed up, then timed over 12,800 images with everything
an epoch does per step, and scaled to its epoch: 55,000 images for convnext (5,000 are held out), 60,000 for the
example. The two take turns, and the ratio is taken pair by pair.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from mnistkit.data import load_dataset
from mnistkit.data.batches import DeviceImages, Normalisation
from mnistkit.data.idx import format_idx
from mnistkit.device import set_up_machine
from mnistkit.models import build_model, get_architecture
from mnistkit.training.loop import TrainingJob, run_training
from mnistkit.training.objectives import CrossEntropy
from mnistkit.training.state import TrainingState

IMAGES, WARM_UP = 12_800, 1_280
CPU = torch.device("cpu")


class ExampleNet(nn.Module):
    """The network of the usual example."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.conv2(functional.relu(self.conv1(x))))
        x = self.dropout1(functional.max_pool2d(x, 2)).flatten(1)
        return functional.log_softmax(self.fc2(self.dropout2(functional.relu(self.fc1(x)))), dim=1)


def example_seconds(folder: Path) -> float:
    """Return the seconds the example takes for 60,000 images."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    mnist = load_dataset("mnist")
    for name, part in (("train", mnist.train), ("t10k", mnist.test)):
        (raw / f"{name}-images-idx3-ubyte").write_bytes(format_idx(part.images))
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(format_idx(part.labels.astype(np.uint8)))
    transforms = torchvision.transforms
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    dataset = torchvision.datasets.MNIST(folder, train=True, transform=transform)
    model = ExampleNet()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    for count in (WARM_UP, IMAGES):
        started = time.perf_counter()
        for images, labels in islice(DataLoader(dataset, batch_size=64, shuffle=True), count // 64):
            optimizer.zero_grad()
            functional.nll_loss(model(images), labels).backward()
            optimizer.step()
    return (time.perf_counter() - started) * 60_000 / IMAGES


def convnext_seconds() -> float:
    """Return the seconds convnext takes for 55,000 images, by the product's own training loop."""
    recipe = replace(get_architecture("convnext").recipe, epochs=1)
    mnist = load_dataset("mnist")
    machine = set_up_machine("cpu", "auto")
    state = TrainingState.fresh(build_model("convnext", 10), recipe, scale_loss=False)
    for count in (WARM_UP, IMAGES):
        data = DeviceImages.of(mnist.train.take(np.arange(count)), CPU)
        normalisation = Normalisation(mnist.mean, mnist.std)
        job = TrainingJob(recipe, data, None, normalisation, CrossEntropy(recipe), machine.precision)
        state.step, state.history = 0, []
        run_training(job, state)
    return state.history[0].seconds * 55_000 / IMAGES


def _in_a_process(side: str) -> float:
    done = subprocess.run([sys.executable, __file__, side], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Print the seconds of each round and the median ratio."""
    if sys.argv[1:] == ["convnext"]:
        print(convnext_seconds())
        return
    if sys.argv[1:] == ["example"]:
        with tempfile.TemporaryDirectory() as folder:
            print(example_seconds(Path(folder)))
        return
    ratios = []
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        ours, example = _in_a_process("convnext"), _in_a_process("example")
        ratios.append(ours / example)
        print(
            f"round {number + 1}: convnext {ours:.1f} s, example {example:.1f} s, ratio {ratios[-1]:.2f}",
            flush=True,
        )
    median = statistics.median(ratios)
    print(f"median ratio {median:.2f} ({torch.get_num_threads()} threads, torch {torch.__version__})")


if __name__ == "__main__":
    main()
