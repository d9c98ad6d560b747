"""A toy analysis: reads parameters and data, and writes results; a child process writes another."""

import csv
import subprocess
import sys
from pathlib import Path

import model
import numpy as np
import units  # which nobody has committed

lines = Path(sys.argv[1]).read_text().splitlines()
parameters = {name: float(value) for name, _, value in (line.partition(": ") for line in lines)}
with Path(sys.argv[2]).open(newline="") as file:
    levels = [float(row["level"]) for row in csv.DictReader(file)]
scaled = model.scaled(levels, parameters["gain"], parameters["offset"])
Path("Data").mkdir(exist_ok=True)
Path("Data/results.txt").write_text("".join(f"{value:.3f} {units.LEVEL}\n" for value in scaled))
sort = ["sort", "-rn", "-o", "Data/sorted.txt", "Data/results.txt"]
subprocess.run(sort, check=True)
print("mean", np.mean(scaled))
sys.exit(3 if parameters["gain"] < 0 else 0)
