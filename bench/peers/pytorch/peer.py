"""PyTorch's side of the benchmark.

The first argument is JSON: the work, the shape of its net, the number of threads, the folder of the data, and settings:
`channelsLast`, `foreach` (Adam), `traced` (inference), `workers` (of the loader). Says `{"ready": true}` when the work can begin. Then each line `{"steps": n}` on stdin is answered with
`{"ms": milliseconds per step}`. Ends with the end of stdin.
"""

import json
import sys
import time

import torch

from sessions import make_session


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main():
    options = json.loads(sys.argv[1])
    torch.set_num_threads(options["threads"])
    torch.set_num_interop_threads(1)
    session = make_session(options)
    answer(ready=True)
    for line in sys.stdin:
        steps = json.loads(line)["steps"]
        start = time.perf_counter()
        for _ in range(steps):
            session.step()
        answer(ms=(time.perf_counter() - start) * 1000 / steps)


if __name__ == "__main__":
    main()
