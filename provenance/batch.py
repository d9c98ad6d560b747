"""Which job of a batch system or of MPI a run was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.tracer.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOPIC = "job"
VARIABLES = {
    "SLURM_JOB_ID": "slurm job",
    "SLURM_JOB_NAME": "name",
    "SLURM_JOB_PARTITION": "partition",
    "SLURM_JOB_NODELIST": "nodes",
    "SLURM_JOB_ACCOUNT": "account",
    "SLURM_JOB_START_TIME": "started",
    "SLURM_ARRAY_JOB_ID": "array job",
    "SLURM_ARRAY_TASK_ID": "array task",
    "SLURM_CLUSTER_NAME": "cluster",
    "SLURM_SUBMIT_HOST": "submitted from",
    "SLURM_NTASKS": "tasks",
    "SLURM_PROCID": "rank",
    "PBS_JOBID": "pbs job",
    "PBS_JOBNAME": "name",
    "PBS_QUEUE": "queue",
    "PBS_O_HOST": "submitted from",
    "PBS_ARRAY_INDEX": "array task",
    "LSB_JOBID": "lsf job",
    "LSB_QUEUE": "queue",
    "OMPI_COMM_WORLD_RANK": "rank",
    "OMPI_COMM_WORLD_SIZE": "tasks",
    "PMI_RANK": "rank",
    "PMI_SIZE": "tasks",
}
"""What the systems tell their jobs, by the variables' names."""
GRID_ENGINE = {
    "JOB_ID": "sge job",
    "JOB_NAME": "name",
    "QUEUE": "queue",
    "SGE_TASK_ID": "array task",
}
"""Names that mean this only where Grid Engine has set them."""


def job(environ: Mapping[str, str] = os.environ) -> Iterator[Fact]:
    """Yield what a job is told of itself; the first that says a thing counts."""
    told = {**VARIABLES, **(GRID_ENGINE if "SGE_ROOT" in environ else {})}
    said = set()
    for variable, name in told.items():
        value = environ.get(variable, "")
        if value and value != "undefined" and name not in said:
            said.add(name)
            yield Fact(TOPIC, name, os.fsencode(value))
