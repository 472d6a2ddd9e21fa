"""What the benchmark's PyTorch computes from given weights: that it does the work that is measured elsewhere.

The first argument is JSON: the shape of the net, the path of its state dict, the batch size, the memory format, and
the folder of the data. Prints one JSON object: the number of trained parameters, the outputs of the first batch in
evaluation mode, and the loss and gradients of one training step on it, in the order of the state dict.
"""

import json
import sys

import torch

from data import first_batches
from nets import ConvNet
from sessions import Inference, Training


def main():
    options = json.loads(sys.argv[1])
    model = ConvNet(**options["shape"])
    weights = torch.load(options["weights"])
    model.load_state_dict(dict(zip(model.state_dict(), weights.values(), strict=True)))
    memory_format = torch.channels_last if options["channelsLast"] else torch.contiguous_format
    batches = first_batches(options["root"], options["batch"], 1)
    outputs = Inference(model, memory_format, iter(batches)).step()
    loss = Training(model, memory_format, iter(batches)).step()
    report = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "outputs": outputs.flatten().tolist(),
        "loss": loss,
        "gradients": [p.grad.contiguous().flatten().tolist() for p in model.parameters()],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
