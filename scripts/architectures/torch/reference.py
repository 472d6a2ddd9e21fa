"""What PyTorch computes in float64, and how far it is off in float32."""
import torch

from net import Net


def largest(values):
    return values.abs().max().item() if values.numel() else 0.0


class Reference:
    """
    results: by name, in float64
    rounding: PyTorch's own largest error in float32, by name
    noise: PyTorch's own largest error in what decisions are taken about, by layer
    """

    def __init__(self, spec, tensors):
        self.net = Net(spec, tensors, torch.float64)
        self.results = self.net.step()
        self.decisions, self.undecided = self.net.decisions, self.net.undecided
        self.rounding = {name: 0.0 for name in self.results}
        self.noise = {name: 0.0 for name in self.decisions}
        single = Net(spec, tensors, torch.float32)
        # Several ways of rounding: one could be right by chance.
        backward = torch.arange(spec["batchSize"]).flip(0)
        for order, mkldnn in ((None, True), (None, False), (backward, True), (backward, False)):
            with torch.backends.mkldnn.flags(enabled=mkldnn):
                results = single.step(order=order)
            # Float32 may itself fall on the other side of a kink, which is no loss of digits.
            same = all(torch.equal(self.decisions[name], d) for name, d in single.decisions.items())
            expected = self.results if same else self.with_decisions(single.decisions)
            for name, value in results.items():
                error = largest(value.double() - expected[name])
                self.rounding[name] = max(self.rounding[name], error)
            for name, value in single.undecided.items():
                error = largest(value.double() - self.undecided[name])
                self.noise[name] = max(self.noise[name], error)

    def with_decisions(self, decisions):
        """The results where operations with kinks decide as they are told."""
        return Net.step(self.net, decisions)
