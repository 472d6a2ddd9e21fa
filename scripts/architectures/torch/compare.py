"""Compares what executors computed with PyTorch in float64.

Reads paths of specifications (JSON, one a line) from standard input; beside each lies NAME.inputs.safetensors, and
NAME.EXECUTOR.safetensors for every executor that ran. Writes NAME.float64.safetensors, PyTorch's results, and one line
of JSON for each.
"""
import json
import sys

import torch

import kinks
import safetensors
from reference import Reference, largest

#: Of a tensor's largest value.
SHARE = 1e-4
#: Times PyTorch's own error in float32.
TIMES = 10
#: What saturated activations leave: float32's exponent ends, and implementations differ in where they give up.
NOTHING = 1e-30
#: A gradient that is so much smaller than the net's largest is float64's own rounding error,
CANCELLED = 1e-12
#: and may be float32's.
CANCELLED_SHARE = 1e-6
#: How much nearer to a kink than PyTorch's own error in its input, in times that error, counts as rounding.
NEAR = 10


def tolerances(reference):
    """How far each result may be off, by name."""
    names = [name for name in reference.results if name.startswith("gradients/")]
    steepest = max((largest(reference.results[name]) for name in names), default=0.0)
    found = {}
    for name, value in reference.results.items():
        top = largest(value)
        found[name] = max(SHARE * top, TIMES * reference.rounding[name], NOTHING)
        # Such a gradient is zero, and has no size of its own: a bias in front of a batch norm has.
        if name in names and top < CANCELLED * steepest:
            found[name] = max(found[name], CANCELLED_SHARE * steepest)
    return found


def compare(reference, spec, actual, tolerance):
    """One row for every tensor: name, size of its values, errors, verdict; and what was found about kinks."""
    rows = []
    for name, expected in reference.results.items():
        if name not in actual:
            rows.append({"name": name, "verdict": "missing"})
            continue
        error = largest(actual[name] - expected)
        top, own = largest(expected), reference.rounding[name]
        verdict = "close" if error <= SHARE * top else "rounding" if error <= tolerance[name] else "far"
        rows.append({"name": name, "largest": top, "error": error, "torch": own, "verdict": verdict})
    unknown = [{"name": name, "verdict": "unknown"} for name in actual if name not in reference.results]
    far = [row for row in rows if row["verdict"] == "far"]
    result = {"rows": rows + unknown}
    if far and all(row["name"].startswith("gradients/") for row in far) and all("error" in r for r in rows):
        flips, missing, count = kinks.explain(reference, spec, actual, tolerance, NEAR)
        result["kinks"] = {"candidates": count, "missing": missing}
        if flips is not None:
            result["kinks"]["flips"] = [
                {"layer": name, "index": index, "nearness": nearness * NEAR} for nearness, name, index, _ in flips
            ]
            for row in far:
                row["verdict"] = "kink"
    return result


def main():
    torch.set_num_threads(1)
    for line in sys.stdin:
        path = line.strip()
        task = json.load(open(path))
        spec, base = task["architecture"], path[: -len(".json")]
        reference = Reference(spec, safetensors.read(base + ".inputs.safetensors"))
        tolerance = tolerances(reference)
        report = {"seed": spec["seed"], "tolerance": tolerance, "executors": {}}
        for executor in task["executors"]:
            tensors = safetensors.read(f"{base}.{executor}.safetensors")
            actual = {name: torch.tensor(value).double() for name, value in tensors.items()}
            report["executors"][executor] = compare(reference, spec, actual, tolerance)
        safetensors.write(
            base + ".float64.safetensors", {name: value.numpy() for name, value in reference.results.items()}
        )
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
