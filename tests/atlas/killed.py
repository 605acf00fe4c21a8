"""A process that scans again and again in children which it kills at random moments; run by a test.

Arguments: folder of pictures, folder for the atlases, number of kills. Prints a line for every atlas that was finished.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

import nbviz
import nbviz.atlas
from tests.atlas.conftest import LAYERS


def main(pictures: Path, atlases: Path, kills: int) -> None:
    torch.set_num_threads(1)
    net, chance, killed, number = nbviz.Network.demo(device="cpu"), random.Random(0), 0, 0
    longest = 1.0
    while True:
        began = time.monotonic()
        child = os.fork()  # what takes long, importing torch, is done once
        if child == 0:
            nbviz.scan(net, pictures, atlases / str(number), LAYERS, k=5, batch=8, progress=False)
            os._exit(0)
        patience = chance.uniform(0, longest) if killed < kills else 1000.0
        if _ended_within(child, patience):
            longest = time.monotonic() - began
            print(atlases / str(number), flush=True)
            number += 1
            if killed >= kills:
                return
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            killed += 1


def _ended_within(child: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            assert status == 0, "the scan failed"
            return True
        time.sleep(0.002)
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
