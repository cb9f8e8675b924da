import pytest
import torch
from torch import nn

from mnistkit.data.batches import Normalisation
from mnistkit.device import Precision
from mnistkit.evaluation import throughput
from mnistkit.evaluation.throughput import timed_logits
from mnistkit.inference.logits import predict_logits

FP32 = Precision("fp32", "test")


class Clock:
    """Stands for the module ``time``; its time goes on where it is told to."""

    now = 100.0

    def perf_counter(self):
        return self.now


class Slow(nn.Module):
    """Counts its forward passes, each of which takes a second; the first takes ten, as a cold one does."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.batches = []

    def forward(self, images):
        self.clock.now += 1 if self.batches else 10
        self.batches.append(len(images))
        return images.flatten(1)[:, :3]


def images(n):
    return torch.randint(0, 256, (n, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_warm_up_is_one_batch_and_is_not_timed(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(throughput, "time", clock)
    model = Slow(clock)
    logits, speed = timed_logits(model, images(50), Normalisation(0.5, 0.5), batch_size=10, precision=FP32)
    assert model.batches == [10, *[10] * 5]
    assert logits.shape == (50, 3)
    # Fifty images in five seconds.
    assert speed == 10


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_logits_are_those_of_predict_logits(batch_size):
    model, pixels = Slow(Clock()), images(20)
    normalisation = Normalisation(0.1307, 0.3081)
    logits, _ = timed_logits(model, pixels, normalisation, batch_size=batch_size, precision=FP32)
    assert torch.equal(logits, predict_logits(model, pixels, normalisation, batch_size=20, precision=FP32))
