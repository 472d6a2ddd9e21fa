"""Tells a kink that flipped from lost digits.

Near zero a ReLU, and near a tie a maximum, decides by the last bits of its input, and gradients jump with the
decision. Where results are off, the decisions that lie within rounding of a kink are turned over in the float64
reference; only if the results are then met was it a kink.
"""
import torch

import ops

MOST_CANDIDATES = 400


def candidates(reference, spec, factor):
    """(nearness, layer, index, decision) of the decisions that rounding could turn over, nearest first."""
    found = []
    layers = {layer["name"]: layer for layer in spec["layers"]}
    for name, x in reference.undecided.items():
        noise = factor * max(reference.noise[name], 1e-7 * x.abs().max().item())
        layer, decision = layers[name], reference.decisions[name]
        if layer["kind"] in ("maxPool", "globalMax"):
            whole = {"size": x.shape[2:], "strides": [1, 1], "padding": "valid"}
            values = ops.windows(x, layer if layer["kind"] == "maxPool" else whole)
            behind = values.gather(2, decision[:, :, None]) - values
            behind.scatter_(2, decision[:, :, None], float("inf"))
            for n, c, k, window in (behind <= 2 * noise).nonzero().tolist():
                found.append((behind[n, c, k, window].item() / noise, name, (n, c, window), k))
        else:
            for index in (x.abs() <= noise).nonzero().tolist():
                index = tuple(index)
                found.append((x[index].abs().item() / noise, name, index, not decision[index].item()))
    return sorted(found, key=lambda one: one[0])[:MOST_CANDIDATES]


def turned(reference, flips):
    decisions = {name: value.clone() for name, value in reference.decisions.items()}
    for _, name, index, decision in flips:
        decisions[name][index] = decision
    return reference.with_decisions(decisions)


def explain(reference, spec, actual, tolerance, factor):
    """Flips after which `actual` is met, or None, and how much is still missing then (1 is the tolerance).

    Flips are added one by one, each time the one that takes most of the squared difference away.
    """
    names = [name for name in reference.results if name.startswith("gradients/")]

    def stacked(results):
        return torch.cat([(results[name].double() / tolerance[name]).flatten() for name in names])

    def missing(results):
        return max(((results[n].double() - actual[n]).abs().max() / tolerance[n]).item() for n in names)

    base, goal = stacked(reference.results), stacked(actual)
    pool = candidates(reference, spec, factor)
    effects = [stacked(turned(reference, [one])) - base for one in pool]
    flips, results = [], reference.results
    best = missing(results)
    while best > 1 and pool:
        rest = goal - stacked(results)
        gains = [(2 * (rest @ effect) - effect @ effect).item() for effect in effects]
        k = max(range(len(pool)), key=gains.__getitem__)
        if gains[k] <= 0:
            break
        flips.append(pool.pop(k))
        effects.pop(k)
        results = turned(reference, flips)
        best = missing(results)
    return (flips if best <= 1 else None), best, len(pool) + len(flips)
