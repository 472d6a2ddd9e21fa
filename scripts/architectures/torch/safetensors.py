"""Hugging Face's safetensors format, as far as float32 goes: https://huggingface.co/docs/safetensors"""
import json
import struct

import numpy as np


def read(path):
    """The tensors of a file by name, as float32 numpy arrays."""
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + size + begin : 8 + size + end], "<f4")
        tensors[name] = values.reshape(entry["shape"]).copy()
    return tensors


def write(path, tensors):
    """Writes float32 arrays by name."""
    header, chunks, offset = {}, [], 0
    for name, values in tensors.items():
        chunk = np.ascontiguousarray(values, "<f4").tobytes()
        shape = list(np.shape(values))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(chunk)]}
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))
