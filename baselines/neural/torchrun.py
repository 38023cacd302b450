"""One process or several: the same training loop under torchrun."""

from __future__ import annotations

import os

import torch
from torch import distributed, nn


class Processes:
    """The processes that train together: those that torchrun started, or this one alone.

    Attributes:
        count, rank: how many they are, and which this is.
        device: where this one computes; with several GPUs each process has its own.
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
        """The model, its gradients averaged over the processes."""
        if self.count == 1:
            return model
        ids = [self.device.index] if self.device.type == "cuda" else None
        # An encoder of nothing (a batch of moments without frames) leaves no parameter unused.
        return nn.parallel.DistributedDataParallel(model, device_ids=ids)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all processes."""
        if self.count == 1:
            return values
        values = values.to(self.device)
        distributed.all_reduce(values)
        return values.cpu()

    def gather(self, values: torch.Tensor) -> list[torch.Tensor]:
        """The values of each process, all of one shape, by rank."""
        if self.count == 1:
            return [values]
        gathered = [torch.empty_like(values).to(self.device) for _ in range(self.count)]
        distributed.all_gather(gathered, values.to(self.device))
        return [part.cpu() for part in gathered]

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            distributed.barrier()
