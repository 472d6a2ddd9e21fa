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

    def __init__(self, model, memory_format, batches, foreach=False):
        self.model = model.to(memory_format=memory_format).train()
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=1e-3, weight_decay=1e-4, foreach=foreach
        )
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
    """Outputs in evaluation mode. Traced, batch norms are folded in and dropouts are gone, as in the other engines."""

    def __init__(self, model, memory_format, batches, traced=False):
        self.model = model.to(memory_format=memory_format).eval()
        self.memory_format = memory_format
        self.batches = batches
        if traced:
            images, _ = next(batches)
            with torch.inference_mode():
                graph = torch.jit.trace(self.model, images.to(memory_format=memory_format))
                self.model = torch.jit.optimize_for_inference(graph)

    def step(self):
        images, _ = next(self.batches)
        with torch.inference_mode():
            return self.model(images.to(memory_format=self.memory_format))


def make_session(options):
    work, root, foreach = options["work"], options["root"], options["foreach"]
    kind, batch = work["kind"], work["batch"]
    memory_format = torch.channels_last if options["channelsLast"] else torch.contiguous_format
    torch.manual_seed(1)
    model = ConvNet(**options["shape"])
    if kind in ("inference", "train-step"):
        batches = itertools.cycle(first_batches(root, batch, BATCHES))
        if kind == "inference":
            return Inference(model, memory_format, batches, options["traced"])
        return Training(model, memory_format, batches, foreach)
    # A loader process would only delay the first step.
    workers = 0 if kind == "time-to-first-step" else options["workers"]
    session = Training(model, memory_format, forever(train_loader(root, batch, workers)), foreach)
    if kind == "time-to-first-step":
        session.step()
    return session
