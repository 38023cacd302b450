"""Slurm's programs as a few lines of shell: a job is a process of this machine."""

from __future__ import annotations

import os
import time

PROGRAMS = {
    # Refuses partitions that are not there; "down" begins no job.
    "sbatch": """
partition=$(sed -n 's/^#SBATCH -p //p' "$1")
case $partition in
    main | down) ;;
    *)
        echo "sbatch: error: invalid partition specified: $partition" >&2
        echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2
        exit 1 ;;
esac
most=$(cat "$FAKE_SLURM.most" 2>/dev/null || echo 1000)
number=1
until mkdir "$FAKE_SLURM/$number" 2>/dev/null; do
    number=$((number + 1))
    if [ $number -gt $most ]; then
        echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy" >&2
        exit 1
    fi
done
cp "$1" "$FAKE_SLURM/$number/script"
echo $partition > "$FAKE_SLURM/$number/partition"
log=$(sed -n 's/^#SBATCH -e //p' "$1" | sed "s/%J/$number/")
if [ $partition = main ]; then
    setsid bash -c 'bash "$1/script"; touch "$1/ended"' job "$FAKE_SLURM/$number" \\
        > /dev/null 2> "${log:-/dev/null}" &
    echo $! > "$FAKE_SLURM/$number/process"
fi
echo Submitted batch job $number
""",
    "scancel": """
folder=$FAKE_SLURM/$1
[ -e "$folder/process" ] && kill -KILL -- -$(cat "$folder/process") 2>/dev/null
touch "$folder/ended"
""",
    "squeue": """
for folder in "$FAKE_SLURM"/*/; do
    number=$(basename "$folder")
    if [ -e "$folder/ended" ]; then
        continue
    elif [ -e "$folder/process" ]; then
        echo "$number RUNNING None"
    else
        echo "$number PENDING PartitionDown"
    fi
done
""",
}


class FakeSlurm:
    """Programs in a folder that is on PATH, and the jobs that were submitted to them."""

    def __init__(self, folder):
        self.programs, self._jobs = folder / "bin", folder / "jobs"
        self.programs.mkdir(parents=True)
        self._jobs.mkdir()
        for name, text in PROGRAMS.items():
            program = self.programs / name
            program.write_text(f"#!/bin/bash\n{text}")
            program.chmod(0o755)
        self._most = folder / "jobs.most"
        self.environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "FAKE_SLURM": str(self._jobs),
        }

    @property
    def submitted(self):
        """The ids of all jobs."""
        return sorted(int(one.name) for one in self._jobs.iterdir())

    def accept(self, number):
        """Let a user submit so many jobs."""
        self._most.write_text(str(number))

    def script(self, number):
        return (self._jobs / str(number) / "script").read_text()

    @property
    def left(self):
        """The ids of jobs that wait or run."""
        return [one for one in self.submitted if not (self._jobs / str(one) / "ended").exists()]

    def wait_for(self, true, seconds=30):
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end
            time.sleep(0.02)
