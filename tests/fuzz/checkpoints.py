"""Files of a checkpoint, well-formed, and how they are damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random

import msgspec

from . import mutate
from .form import Format


def checkpoints(folder: Path) -> dict[str, Format]:
    """The files of a checkpoint, and of a training that was stopped."""
    import torch
    from livebench_baselines.neural.checkpoint import (
        CHECKPOINT_FILE,
        VOCABULARY_FILE,
        WEIGHTS_FILE,
        Checkpoint,
        write_checkpoint,
    )
    from livebench_baselines.neural.model import Size
    from livebench_baselines.neural.vocabulary import Vocabulary
    from livebench_baselines.unified_transformer import UnifiedTransformer

    size = Size(width=8, blocks=1, heads=2, feed_forward=8)
    vocabulary = Vocabulary(["好看", "哈哈"], 3)
    torch.manual_seed(0)
    net = UnifiedTransformer.model(size, len(vocabulary), 4)
    about = Checkpoint(
        entry="", size=size, frame_width=4, max_context_words=8, training=None, outcome={}, files={}
    )
    path = write_checkpoint(folder, about, net.state_dict(), vocabulary)
    UnifiedTransformer(path)  # loads what torch loads late: not in the time of the first file

    def seal(where: Path) -> None:
        try:
            content = msgspec.json.decode(path.read_bytes())
            for name in (WEIGHTS_FILE, VOCABULARY_FILE):
                content["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            path.write_bytes(msgspec.json.encode(content))
        except Exception:
            return

    return {
        f"checkpoint {name}": Format(
            folder / name, damage, lambda p: UnifiedTransformer(path), seal
        )
        for name, damage in (
            (CHECKPOINT_FILE, mutate.mutated_json),
            (VOCABULARY_FILE, mutate.mutated_json),
            (WEIGHTS_FILE, _mutated_weights),
        )
    }


def _mutated_weights(random: Random, content: bytes) -> bytes:
    """A safetensors file with another header, other values, or other bytes."""
    if random.random() < 0.4:
        return mutate.mutated_bytes(random, content)
    size = int.from_bytes(content[:8], "little")
    header, rest = content[8 : 8 + size], content[8 + size :]
    if random.random() < 0.3:
        place = random.randrange(len(rest) // 4) * 4
        odd = random.choice([b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\xff\xff\x7f\x7f"])
        rest = rest[:place] + odd + rest[place + 4 :]
    else:
        header = mutate.mutated_json(random, header)
    length = (
        len(header) if random.random() < 0.9 else random.choice([0, 2**31, 2**63, len(content)])
    )
    return length.to_bytes(8, "little") + header + rest
