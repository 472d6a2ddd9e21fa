"""What the benchmark's PyTorch computes from given weights: that it does the work that is measured elsewhere.

The first argument is JSON: the shape of the net, the path of its state dict, the batch size, and the folder of the data.
Prints one JSON object for each memory format and way to run, the plain ones first: the number of trained parameters, the
outputs of the first batch in evaluation mode, and the loss and gradients of one training step on it, in the order of
the state dict.
"""

import itertools
import json
import sys

import torch

from data import first_batches
from nets import ConvNet
from sessions import Inference, Training


def compute(options, memory_format, tuned):
    model = ConvNet(**options["shape"])
    weights = torch.load(options["weights"])
    model.load_state_dict(dict(zip(model.state_dict(), weights.values(), strict=True)))
    batches = first_batches(options["root"], options["batch"], 1)
    outputs = Inference(model, memory_format, itertools.cycle(batches), traced=tuned).step()
    loss = Training(model, memory_format, iter(batches), foreach=tuned).step()
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "outputs": outputs.flatten().tolist(),
        "loss": loss,
        "gradients": [p.grad.contiguous().flatten().tolist() for p in model.parameters()],
    }


def main():
    options = json.loads(sys.argv[1])
    for tuned in (False, True):
        for memory_format in (torch.contiguous_format, torch.channels_last):
            print(json.dumps(compute(options, memory_format, tuned)))


if __name__ == "__main__":
    main()
