"""A net from its specification, in any precision."""
import torch
import torch.nn.functional as F

import ops

HEADS = {"softmax": lambda x: F.softmax(x, 1), "logSoftmax": lambda x: F.log_softmax(x, 1)}


class Net:
    """`tensors` are numpy arrays: `images`, `targets` and `weights/` by TensorFlow.js's names."""

    def __init__(self, spec, tensors, dtype):
        self.spec, self.dtype = spec, dtype
        self.images = torch.tensor(tensors["images"], dtype=dtype).permute(0, 3, 1, 2).contiguous()
        self.targets = torch.tensor(tensors["targets"], dtype=dtype)
        prefix = "weights/"
        weights = {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
        self.initial = {name: torch.tensor(value, dtype=dtype) for name, value in weights.items()}

    def step(self, decisions=None, order=None):
        """One training step and an inference after it.

        `decisions` are those of the operations with kinks, by layer: the step's own where there are none. `order`
        is that of the samples: another order is another way of rounding.

        Returns the results by name, with the decisions taken in `self.decisions` and what they were taken about
        in `self.undecided`.
        """
        self.given = decisions or {}
        self.decisions, self.undecided = {}, {}
        images = self.images if order is None else self.images[order]
        targets = self.targets if order is None else self.targets[order]
        self.weights = {name: value.clone() for name, value in self.initial.items()}
        trained = {name: w for name, w in self.weights.items() if "/moving_" not in name}
        for weight in trained.values():
            weight.requires_grad_()
        outputs = self.forward(images, True)
        loss = self.loss(outputs, targets)
        gradients = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
        results = {"loss": loss.detach().reshape(1), "outputs": outputs.detach()}
        for (name, weight), gradient in zip(trained.items(), gradients):
            results[f"gradients/{name}"] = torch.zeros_like(weight) if gradient is None else gradient
        for name, value in self.weights.items():
            if "/moving_" in name:
                results[f"statistics/{name}"] = value.clone()
        taken = self.decisions, self.undecided
        # The inference decides for itself, and nobody asks how.
        self.given, self.decisions, self.undecided = {}, {}, {}
        with torch.no_grad():
            results["inference"] = self.forward(images, False)
        self.decisions, self.undecided = taken
        if order is not None:
            back = torch.argsort(order)
            for name in ("outputs", "inference"):
                results[name] = results[name][back]
            self.decisions = {name: value[back] for name, value in self.decisions.items()}
            self.undecided = {name: value[back] for name, value in self.undecided.items()}
        return results

    def forward(self, images, training):
        made = {"input": images}
        for layer in self.spec["layers"]:
            sources = [made[name] for name in layer["from"]]
            made[layer["name"]] = self.layer(layer, sources, training)
        return made[self.spec["layers"][-1]["name"]]

    def loss(self, outputs, targets):
        kind = self.spec["loss"]
        if kind["kind"] == "squares":
            loss = ((outputs - targets) ** 2).mean()
        else:
            loss = -(targets * F.log_softmax(outputs, 1)).sum() * kind["scale"]
        for layer in self.spec["layers"]:
            for weight, penalty in layer.get("penalties", {}).items():
                w = self.weight(layer, weight)
                if w is not None:
                    loss = loss + penalty["l1"] * w.abs().sum() + penalty["l2"] * (w**2).sum()
        return loss

    def weight(self, layer, name):
        if layer["kind"] == "depthwise" and name == "kernel":
            name = "depthwise_kernel"
        return self.weights.get(f"{layer['name']}/{name}")

    def layer(self, layer, sources, training):
        x, kind = sources[0], layer["kind"]
        if kind in ("conv", "depthwise", "dense"):
            kernel, bias = self.weight(layer, "kernel"), self.weight(layer, "bias")
            if kind == "dense":
                raw = F.linear(x, kernel.t(), bias)
            else:
                raw = getattr(ops, kind)(x, kernel, bias, layer)
            return self.activate(layer, layer["activation"], raw)
        if kind == "batchNorm":
            mean, variance = self.weight(layer, "moving_mean"), self.weight(layer, "moving_variance")
            gamma, beta = self.weight(layer, "gamma"), self.weight(layer, "beta")
            return F.batch_norm(x, mean, variance, gamma, beta, training, 1 - layer["momentum"], layer["epsilon"])
        if kind in ("activation", "reluLayer", "leakyRelu", "eluLayer", "softmaxLayer"):
            return self.activate(layer, layer.get("activation") or kind.removesuffix("Layer"), x)
        if kind in ("maxPool", "globalMax"):
            whole = {"size": x.shape[2:], "strides": [1, 1], "padding": "valid"}
            window = layer if kind == "maxPool" else whole
            largest, decision = ops.max_pool(x, window, self.given.get(layer["name"]))
            self.remember(layer, decision, x)
            return largest if kind == "maxPool" else largest.flatten(1)
        if kind == "averagePool":
            return ops.average_pool(x, layer)
        if kind == "globalAverage":
            return x.mean((2, 3))
        if kind == "flatten":
            return x.permute(0, 2, 3, 1).flatten(1)
        if kind == "add":
            return sum(sources[1:], sources[0])
        if kind == "concatenate":
            return torch.cat(sources, 1)
        assert kind == "dropout", kind
        return x

    def activate(self, layer, name, x):
        if name in HEADS:
            return HEADS[name](x)
        if name in ops.SMOOTH:
            return ops.SMOOTH[name](x)
        y, decision = ops.relu(x, layer.get("alpha", 0.0), self.given.get(layer["name"]))
        self.remember(layer, decision, x)
        return y

    def remember(self, layer, decision, x):
        self.decisions[layer["name"]] = decision.detach()
        self.undecided[layer["name"]] = x.detach()
