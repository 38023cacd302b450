"""Lets the training loop run in one process, or in several under torchrun."""

from __future__ import annotations

import os

import torch
from torch import distributed, nn


class Processes:
    """The processes that train together: those started by torchrun, or just this one.

    Attributes:
        count, rank: the number of processes, and the index of this one.
        device: of this process; with several GPUs each process has its own.
    """

    def __init__(self, device: str) -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if device == "cuda" and self.count > 1:
            device = f"cuda:{os.environ['LOCAL_RANK']}"
        self.device = torch.device(device)

    def __enter__(self) -> Processes:
        if self.count > 1:
            distributed.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
        return self

    def __exit__(self, *error: object) -> None:
        if self.count > 1:
            distributed.destroy_process_group()

    def parallel(self, model: nn.Module) -> nn.Module:
        """The model, with gradients averaged over the processes."""
        if self.count == 1:
            return model
        ids = [self.device.index] if self.device.type == "cuda" else None
        # No parameter is ever unused, not even in a batch of moments without frames.
        return nn.parallel.DistributedDataParallel(model, device_ids=ids)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes."""
        if self.count == 1:
            return values
        values = values.to(self.device)
        distributed.all_reduce(values)
        return values.cpu()

    def gather(self, values: torch.Tensor) -> list[torch.Tensor]:
        """The values of each process, all of the same shape, by rank."""
        if self.count == 1:
            return [values]
        gathered = [torch.empty_like(values).to(self.device) for _ in range(self.count)]
        distributed.all_gather(gathered, values.to(self.device))
        return [part.cpu() for part in gathered]

    def wait(self) -> None:
        """Wait until all processes get here."""
        if self.count > 1:
            distributed.barrier()
