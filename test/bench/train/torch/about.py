"""Tells which PyTorch this is, and which libraries it multiplies with, as JSON."""

import ctypes
import json
import re
from pathlib import Path

import torch


def openblas_core():
    """What OpenBLAS takes the processor for; None without it."""
    try:
        openblas = ctypes.CDLL("libopenblas.so.0")
    except OSError:
        return None
    openblas.openblas_get_corename.restype = ctypes.c_char_p
    return openblas.openblas_get_corename().decode()


if __name__ == "__main__":
    torch.mm(torch.ones(64, 64), torch.ones(64, 64))
    mapped = re.findall(r"(/\S*(?:blas|mkl|dnnl)\S*\.so\S*)", Path("/proc/self/maps").read_text())
    names = sorted({Path(file).resolve().name for file in mapped})
    capability = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    about = {"version": torch.__version__, "libraries": names, "capability": capability and capability[1]}
    print(json.dumps({**about, "core": openblas_core()}))
