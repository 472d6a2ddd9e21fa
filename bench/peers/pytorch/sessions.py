"""What is measured. A session is made once; then `step()` is called over and over."""

import itertools

import torch
import torch.nn.functional as F

from data import first_batches, train_loader
from nets import ConvNet

# Different batches, so that no cache serves the same pixels over and over.
BATCHES = 8


def forever(loader):
    while True:
        yield from loader


class Training:
    """Training steps on whatever batches come: `batches` is an endless iterator."""

    def __init__(self, model, memory_format, batches):
        self.model = model.to(memory_format=memory_format).train()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=1e-4)
        self.memory_format = memory_format
        self.batches = batches

    def step(self):
        images, labels = next(self.batches)
        images = images.to(memory_format=self.memory_format)
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.nll_loss(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class Inference:
    def __init__(self, model, memory_format, batches):
        self.model = model.to(memory_format=memory_format).eval()
        self.memory_format = memory_format
        self.batches = batches

    def step(self):
        images, _ = next(self.batches)
        with torch.inference_mode():
            return self.model(images.to(memory_format=self.memory_format))


def make_session(work, shape, memory_format, root):
    kind, batch = work["kind"], work["batch"]
    torch.manual_seed(1)
    model = ConvNet(**shape)
    if kind == "inference":
        return Inference(model, memory_format, itertools.cycle(first_batches(root, batch, BATCHES)))
    if kind == "train-step":
        return Training(model, memory_format, itertools.cycle(first_batches(root, batch, BATCHES)))
    # A loader process would only delay the first step.
    workers = 0 if kind == "time-to-first-step" else 1
    session = Training(model, memory_format, forever(train_loader(root, batch, workers)))
    if kind == "time-to-first-step":
        session.step()
    return session
