"""A race recipe in PyTorch, as a careful user would write it: the whole set in memory, batches augmented at once.

The argument is JSON: the recipe, a seed, the number of threads, the folder of MNIST's files, `channelsLast`. Prints one
JSON object with the parameters and the test accuracy of the last weights. With `weights` (a list for each entry of the
state dict) and `check` (a number of steps) it trains so many steps on the first images, in their order and as they
are, and prints the loss of each: that it does the same work.
"""

import gzip
import json
import math
import os
import sys

import numpy
import torch
import torch.nn.functional as F
from torch import nn


def images_and_labels(options, split):
    root, crop = options["root"], options["recipe"].get("crop", 28)
    border = (28 - crop) // 2
    def read(name, offset):
        path = os.path.join(root, name)
        data = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
        return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=offset).copy())

    images = read(f"{split}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)
    images = images[:, :, border : border + crop, border : border + crop]
    return images.float().div_(255), read(f"{split}-labels-idx1-ubyte", 8).long()


def normalized(images):
    return images.sub(0.1307).div_(0.3081)


def make_net(net):
    layers, channels = [], 1
    for block in net["blocks"]:
        if block == "maxPool":
            layers.append(nn.MaxPool2d(2))
            continue
        padding = 0 if block.get("padding") == "valid" else block.get("kernelSize", 3) // 2
        norm = nn.BatchNorm2d(block["conv"])
        if not net.get("scale", True):
            norm.weight.requires_grad_(False)
        layers += [nn.Conv2d(channels, block["conv"], block.get("kernelSize", 3), padding=padding, bias=False), norm, nn.ReLU()]
        channels = block["conv"]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


class Muon(torch.optim.Optimizer):
    """For matrices; https://pytorch.org/docs/stable/generated/torch.optim.Muon.html with match_rms_adamw."""

    def __init__(self, params, lr, weight_decay):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": 0.95})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            momentum = group["momentum"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["buffer"] = torch.zeros_like(p.grad)
                buffer = state["buffer"].lerp_(p.grad, 1 - momentum)
                update = p.grad.lerp(buffer, momentum).flatten(1)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                size = 0.2 * math.sqrt(max(update.shape))
                p.sub_(orthogonalized(update).view_as(p), alpha=group["lr"] * size)


def orthogonalized(x):
    tall = x.shape[0] > x.shape[1]
    x = (x.t() if tall else x) / x.norm().clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.t()
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=-4.775, alpha=2.0315), x, beta=3.4445)
    return x.t() if tall else x


def augmented(images, affine):
    """Nearest pixels, as torchvision's RandomAffine with its default interpolation."""
    n = len(images)
    angle = (torch.rand(n) * 2 - 1) * math.radians(affine["degrees"])
    # torchvision draws whole pixels; in the units of a grid an image is 2 wide.
    shift = torch.round((torch.rand(n, 2) * 2 - 1) * torch.tensor(affine["translate"]) * 28) * (2 / 28)
    cos, sin = angle.cos(), angle.sin()
    theta = torch.stack([torch.stack([cos, sin, shift[:, 0]], 1), torch.stack([-sin, cos, shift[:, 1]], 1)], 1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="nearest", align_corners=False)


class Training:
    def __init__(self, net, recipe, steps_per_epoch):
        optimizer, schedule = recipe["optimizer"], recipe["schedule"]
        lr, decay = optimizer["lr"], optimizer["weightDecay"]
        trained = [p for p in net.parameters() if p.requires_grad]
        matrices = [p for p in trained if p.dim() > 1]
        others = [p for p in trained if p.dim() == 1]
        self.net = net
        self.smoothing = recipe.get("labelSmoothing", 0.0)
        self.optimizers = [
            Muon(matrices, lr, decay),
            torch.optim.AdamW(others, lr, weight_decay=0, foreach=True),
        ]
        self.schedulers = [
            torch.optim.lr_scheduler.OneCycleLR(
                one,
                max_lr=lr,
                epochs=recipe["epochs"],
                steps_per_epoch=steps_per_epoch,
                pct_start=schedule["pctStart"],
                div_factor=schedule["divFactor"],
                cycle_momentum=False,
            )
            for one in self.optimizers
        ]

    def step(self, images, labels):
        loss = F.cross_entropy(self.net(images), labels, label_smoothing=self.smoothing)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for one in self.optimizers + self.schedulers:
            one.step()
        return loss


def train(options, net, memory_format):
    recipe = options["recipe"]
    size = recipe["batchSize"]
    images, labels = images_and_labels(options, "train")
    steps = min(len(images) // size, recipe.get("batches", len(images)))
    training = Training(net, recipe, steps)
    net.train()
    if "check" in options:
        for i in range(options["check"]):
            batch = slice(i * size, (i + 1) * size)
            yield training.step(normalized(images[batch]).contiguous(memory_format=memory_format), labels[batch]).item()
        return
    for _ in range(recipe["epochs"]):
        order = torch.randperm(len(images))
        for i in range(steps):
            chosen = order[i * size : (i + 1) * size]
            batch = images[chosen]
            for transform in recipe["augmentation"]:
                batch = augmented(batch, transform["affine"])
            training.step(normalized(batch).contiguous(memory_format=memory_format), labels[chosen])


def test(options, net, memory_format):
    images, labels = images_and_labels(options, "t10k")
    net.eval()
    right = 0
    with torch.inference_mode():
        for batch, wanted in zip(images.split(500), labels.split(500)):
            right += (net(normalized(batch).contiguous(memory_format=memory_format)).argmax(1) == wanted).sum().item()
    return right / len(labels)


def main():
    options = json.loads(sys.argv[1])
    torch.manual_seed(options["seed"])
    torch.set_num_threads(options["threads"])
    memory_format = torch.channels_last if options["channelsLast"] else torch.contiguous_format
    net = make_net(options["recipe"]["net"])
    if "weights" in options:
        weights = json.load(open(options["weights"]))
        own = net.state_dict()
        places = [name for name in own if not name.endswith("num_batches_tracked")]
        if not options["recipe"]["net"].get("scale", True):
            places = [name for name in places if not (name.endswith("weight") and own[name].dim() == 1)]
        for name, values in zip(places, weights, strict=True):
            own[name].copy_(torch.tensor(values).view_as(own[name]))
    net = net.to(memory_format=memory_format)
    losses = list(train(options, net, memory_format))
    parameters = sum(p.numel() for p in net.parameters() if p.requires_grad)
    result = {"losses": losses} if "check" in options else {"testAccuracy": test(options, net, memory_format)}
    print(json.dumps({"parameters": parameters, **result}))


if __name__ == "__main__":
    main()
