"""The notebook's first experiment for some steps, with the order of random draws that `num_workers=0` gives.

The first argument is JSON: `seed`, `steps`, `threads`, the shape of the net, and the folder of the data. Prints one JSON object per step:
its loss, and the SHA-256 of its batch's pixels.
"""

import hashlib
import json
import sys

import torch
import torch.nn.functional as F

from data import train_loader
from nets import ConvNet
from sessions import forever


def main():
    options = json.loads(sys.argv[1])
    torch.set_num_threads(options["threads"])
    torch.manual_seed(options["seed"])
    model = ConvNet(**options["shape"]).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
    batches = forever(train_loader(options["root"], batch=128, workers=0))
    for _ in range(options["steps"]):
        images, labels = next(batches)
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), labels)
        loss.backward()
        optimizer.step()
        pixels = hashlib.sha256(images.numpy().tobytes()).hexdigest()
        print(json.dumps({"loss": loss.item(), "pixels": pixels}), flush=True)


if __name__ == "__main__":
    main()
