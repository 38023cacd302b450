"""The training loop of all models: in one process or several, resumable.

A step depends only on the seed and its own number, and everything it changes is saved together: a
training run that was killed and resumed gives the same numbers as one that was not.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch
from livebench_baselines.neural.batches import Batches, Piece
from livebench_baselines.neural.checkpoint import CHECKPOINT_FILE, Checkpoint, write_checkpoint
from livebench_baselines.neural.config import Config, load_config
from livebench_baselines.neural.model import CommentModel
from livebench_baselines.neural.projection import frame_statistics
from livebench_baselines.neural.torchrun import Processes
from livebench_baselines.neural.training_state import (
    STATE_FILE,
    Log,
    Progress,
    TrainingState,
    read_state,
    write_state,
)
from livebench_baselines.neural.vocabulary import Vocabulary
from torch import nn

from livebench.errors import LiveBenchError
from livebench.files import unreadable
from livebench.training.examples import Examples
from livebench.training.job import TrainingJob, training_manifest

SAVE_SECONDS = 30
"""Between two times that the state is saved, and a step: what is lost if the process is killed."""


def train_model(model_class: type[CommentModel], job: TrainingJob) -> Path:
    """Train a model and keep the parameters of the epoch with the best log-likelihood on dev.

    Returns:
        The checkpoint.json; next to it log.csv, and curve.png if matplotlib is installed.

    Raises:
        LiveBenchError: the dataset has no training examples, or `job.out` holds something else.
    """
    # Denormal numbers are up to ten times slower: Adam's moments of words not seen for a long time decay
    # to them.
    torch.set_flush_denormal(True)
    try:
        with Processes(job.device) as processes:
            return _Trainer(model_class, job, processes).run()
    finally:  # the setting is process-wide
        torch.set_flush_denormal(False)


class _Trainer:
    def __init__(
        self, model_class: type[CommentModel], job: TrainingJob, processes: Processes
    ) -> None:
        self.job, self.processes = job, processes
        self.config = config = load_config(job.config)
        self.manifest = training_manifest(job, msgspec.to_builtins(config), processes.count)
        if (job.out / CHECKPOINT_FILE).exists():
            fix = "remove it or choose another --out"
            raise LiveBenchError(job.out / CHECKPOINT_FILE, "exists already", fix)
        self.state = read_state(job.out, self.manifest)
        if model_class.uses == {"frames"} and not job.dataset.has_frames:
            raise LiveBenchError(
                job.dataset.path, f"has no frames, and {job.entry} sees nothing else"
            )
        training = job.dataset.split("train")
        comments = list(zip(training.strings, training.counts.tolist(), strict=True))
        self.vocabulary = Vocabulary.of(comments, config.vocabulary)
        frame_width = max(1, job.dataset.frame_width)
        self.batches, self.dev = (
            Batches(
                Examples(job.dataset, job.protocol, split),
                self.vocabulary.open() if model_class.copies else self.vocabulary,
                config,
                model_class.uses,
                frame_width,
                processes.device,
            )
            for split in ("train", "dev")
        )
        torch.manual_seed(job.seed)
        self.model = model_class(config.size, len(self.vocabulary), frame_width)
        standardises = "frames" in model_class.uses and model_class.standardises_frames
        self.model.begin_with(
            self.vocabulary.log_frequencies(comments),
            frame_statistics(job.dataset) if standardises else None,
            self.vocabulary.unseen_types,
        )
        self.model.to(processes.device)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            lr=config.learning_rate,
            betas=(0.9, 0.999),
            eps=1e-8,
            fused=True,
        )
        self.parallel = processes.parallel(self.model)
        self.best: dict[str, torch.Tensor] = {}  # empty until the first epoch ends
        torch.manual_seed(
            job.seed * 1_000_003 + processes.rank
        )  # dropout differs between processes

    def run(self) -> Path:
        log, progress = Log(), Progress()
        if self.state is not None:
            log, progress = self._restore(self.state)
            self.job.say(f"going on with {self.job.out}, epoch {progress.epoch + 1}")
        total = self.batches.comments * self.config.epochs
        with self.job.bar(total, str(self.job.out)) as bar:
            bar(progress.comments)
            saved = time.monotonic()
            for epoch in range(progress.epoch, self.config.epochs):
                steps = self._steps(epoch)
                for step in range(progress.step, len(steps)):
                    with self._saving_if_interrupted(log, progress):
                        done = self._step(steps[step], epoch, step, len(steps), progress)
                    bar(done, f"loss {progress.mean_loss:.3f}")
                    if time.monotonic() - saved > SAVE_SECONDS:
                        self._save(log, progress)
                        saved = time.monotonic()
                self._end_epoch(log, progress)
                self._save(log, progress)
                saved = time.monotonic()
        return self._finish(log, progress)

    @contextlib.contextmanager
    def _saving_if_interrupted(self, log: Log, progress: Progress) -> Iterator[None]:
        """Let Ctrl-C wait for the end of a step, and save the state then; a second one does not wait.
        Several processes cannot agree on the step: there it is what was saved last that is kept."""
        if self.processes.count > 1 or threading.current_thread() is not threading.main_thread():
            yield
            return
        asked: list[int] = []

        def note(number: int, frame: object) -> None:
            if asked:
                raise KeyboardInterrupt
            asked.append(number)

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        if asked:
            self._save(log, progress)
            raise KeyboardInterrupt

    def _steps(self, epoch: int) -> list[list[Piece]]:
        """The batches of this process in an epoch. A remainder that does not divide evenly among the
        processes is dropped; it is a different one in each epoch."""
        batches = self.batches.epoch(self.job.seed, epoch)
        count = self.processes.count
        whole = len(batches) // count * count
        return batches[:whole][self.processes.rank :: count] or batches[:1]

    def _step(
        self, batch: list[Piece], epoch: int, step: int, steps: int, progress: Progress
    ) -> int:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = _learning_rate(config, (epoch + step / steps) / config.epochs)
        self.model.train()
        drop = np.random.default_rng([self.job.seed, epoch, step, self.processes.rank])
        inputs, forest = self.batches.tensors(batch, drop)
        self.optimizer.zero_grad()
        log_likelihood = self.parallel(inputs, forest)
        # Divided by the nominal batch size, so that a small last batch weighs less.
        (-log_likelihood / config.batch).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        done = forest.comments * self.processes.count
        progress.add(-log_likelihood.item(), forest.comments, len(forest.path_edge), done)
        progress.step = step + 1
        return done

    def _end_epoch(self, log: Log, progress: Progress) -> None:
        per_comment, per_word = self._judge()
        best = progress.best is None or per_comment > progress.best
        log.add(progress, per_comment, per_word, best)
        if best:
            progress.best, progress.best_epoch = per_comment, progress.epoch + 1
            self.best = {
                name: value.detach().clone() for name, value in self.model.state_dict().items()
            }
        self.job.say(log.last())
        progress.epoch, progress.step = progress.epoch + 1, 0
        progress.forget()

    def _judge(self) -> tuple[float, float]:
        """Log-likelihood on dev per comment, and per word (ends counted)."""
        self.model.eval()
        sums = torch.zeros(3, dtype=torch.float64)
        batches = self.dev.in_order(self.config.dev_comments)
        for batch in batches[self.processes.rank :: self.processes.count]:
            inputs, forest = self.dev.tensors(batch)
            total = self.model.log_likelihoods(inputs, forest).sum().item()
            sums += torch.tensor(
                [total, forest.comments, len(forest.path_edge)], dtype=torch.float64
            )
        total, comments, words = self.processes.sum(sums).tolist()
        return total / comments, total / words

    def _save(self, log: Log, progress: Progress) -> None:
        random = self.processes.gather(torch.get_rng_state())
        if self.processes.rank == 0:
            state = TrainingState(
                self.manifest,
                progress,
                log.rows,
                self.model.state_dict(),
                self.optimizer.state_dict(),
                self.best,
                random,
            )
            write_state(self.job.out, state)
            log.write(self.job.out)

    def _restore(self, state: TrainingState) -> tuple[Log, Progress]:
        try:
            self.model.load_state_dict(state.weights)
            self.optimizer.load_state_dict(state.optimizer)
            torch.set_rng_state(state.random[self.processes.rank])
        except (RuntimeError, ValueError, TypeError, LookupError) as error:
            path = self.job.out / STATE_FILE
            raise unreadable(path, error, fix="remove it to start over") from None
        self.best = state.best
        return Log(state.log), state.progress

    def _finish(self, log: Log, progress: Progress) -> Path:
        out = self.job.out / CHECKPOINT_FILE
        if self.processes.rank == 0:
            about = Checkpoint(
                entry=self.job.entry,
                size=self.config.size,
                frame_width=self.model.frame_width,
                max_context_words=self.config.max_context_words,
                training=self.manifest,
                outcome={
                    "best_epoch": progress.best_epoch,
                    "dev_log_likelihood": round(progress.best or 0.0, 4),
                    "parameters": sum(p.numel() for p in self.model.parameters()),
                    "training_comments": self.batches.comments,
                    "seconds": round(progress.seconds, 1),
                },
                files={},
            )
            log.write(self.job.out)
            with contextlib.suppress(LiveBenchError):  # matplotlib is not installed
                log.draw(self.job.out)
            write_checkpoint(self.job.out, about, self.best, self.vocabulary)
            (self.job.out / STATE_FILE).unlink(missing_ok=True)
        self.processes.wait()
        return out


def _learning_rate(config: Config, share: float) -> float:
    """The learning rate at this share of the training."""
    if share < config.warmup:
        return config.learning_rate * share / config.warmup
    left = (1 - share) / max(1e-9, 1 - config.warmup) if config.decay else 1.0
    return config.learning_rate * left
