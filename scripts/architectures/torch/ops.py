"""Layers with TensorFlow's rules of padding, and operations whose derivative has kinks.

An operation with kinks takes a decision for every value: which side of zero it lies on, or which value of a window is
the largest. A decision can be given, so that the same function can be differentiated on the other side of a kink.
"""
import torch
import torch.nn.functional as F


def padding(length, size, stride, dilation, same):
    """Zeros before and after one side. TensorFlow's "same" puts an odd one after it."""
    if not same:
        return 0, 0
    output = -(-length // stride)
    total = max(0, (output - 1) * stride + (size - 1) * dilation + 1 - length)
    return total // 2, total - total // 2


def pad(x, layer, value=0.0):
    """Pads the planes of `n x channels x height x width` as a layer's window wants them."""
    dilation = layer.get("dilation", [1, 1])
    same = layer["padding"] == "same"
    sides = [
        padding(x.shape[2 + i], layer["size"][i], layer["strides"][i], dilation[i], same) for i in (0, 1)
    ]
    return F.pad(x, (*sides[1], *sides[0]), value=value)


def conv(x, kernel, bias, layer):
    """`kernel` is `rows x columns x in x out`."""
    weight = kernel.permute(3, 2, 0, 1).contiguous()
    return F.conv2d(pad(x, layer), weight, bias, layer["strides"], 0, layer["dilation"])


def depthwise(x, kernel, bias, layer):
    """`kernel` is `rows x columns x in x multiplier`; the outputs of an input channel are neighbours."""
    rows, columns, channels, multiplier = kernel.shape
    weight = kernel.permute(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)
    return F.conv2d(pad(x, layer), weight, bias, layer["strides"], 0, layer["dilation"], channels)


def average_pool(x, layer):
    """Averages leave the padding out."""
    size, strides = layer["size"], layer["strides"]
    if layer["padding"] == "valid":
        return F.avg_pool2d(x, size, strides)
    ones = torch.ones_like(x[:1, :1])
    share = F.avg_pool2d(pad(ones, layer), size, strides)
    return F.avg_pool2d(pad(x, layer), size, strides) / share


def windows(x, layer):
    """The values of every window of a max pool, `n x channels x values x windows`; padding is -inf."""
    n, channels = x.shape[:2]
    padded = pad(x, layer, float("-inf"))
    found = F.unfold(padded.reshape(n * channels, 1, *padded.shape[2:]), layer["size"], stride=layer["strides"])
    return found.reshape(n, channels, *found.shape[1:])


def max_pool(x, layer, decision=None):
    """Returns the maxima and which value of its window each is."""
    values = windows(x, layer)
    if decision is None:
        decision = values.argmax(2)
    largest = values.gather(2, decision[:, :, None])[:, :, 0]
    rows = (pad(x[:1, :1], layer).shape[2] - layer["size"][0]) // layer["strides"][0] + 1
    return largest.reshape(*x.shape[:2], rows, -1), decision


def relu(x, slope, decision=None):
    """A ReLU whose slope below zero is `slope`. Returns its values and which inputs count as positive."""
    if decision is None:
        decision = x > 0
    return torch.where(decision, x, x * slope), decision


#: Activations without a kink: the derivative of an ELU is continuous.
SMOOTH = {"linear": lambda x: x, "elu": F.elu, "gelu": F.gelu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}
