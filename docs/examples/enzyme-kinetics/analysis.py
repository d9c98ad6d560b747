"""Fit the Michaelis-Menten equation to rates of an enzyme, with and without an inhibitor.

usage: analysis.py DATA.csv RESULTS.csv FIGURE.png

The rates are fitted by non-linear least squares (Gauss-Newton); the intervals are the central 95 %
of a bootstrap over the replicates, with a seed of its own, so that the same data give the same
bytes.
"""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt

SEED = 20261121
RESAMPLES = 500


def rate(substrate, v_max, k_m):
    """Return the rate at a concentration of substrate (Michaelis and Menten, 1913)."""
    return v_max * substrate / (k_m + substrate)


def fit(substrate, rates):
    """Return the v_max and k_m of the least squares."""
    slope, intercept = np.polyfit(substrate, substrate / rates, 1)  # Hanes and Woolf: a first guess
    v_max, k_m = 1 / slope, intercept / slope
    for _ in range(20):
        jacobian = np.stack(
            [substrate / (k_m + substrate), -v_max * substrate / (k_m + substrate) ** 2], axis=1
        )
        residual = rates - rate(substrate, v_max, k_m)
        step, *_ = np.linalg.lstsq(jacobian, residual, rcond=None)
        v_max, k_m = v_max + step[0], k_m + step[1]
    return v_max, k_m


def bootstrap(substrate, rates, random):
    """Return fits of resampled data, one a row."""
    picks = random.integers(0, len(rates), size=(RESAMPLES, len(rates)))
    return np.array([fit(substrate[p], rates[p]) for p in picks])


def analyse(data):
    """Return one row of estimates for each condition."""
    random = np.random.default_rng(SEED)
    rows = []
    for condition, group in data.groupby("condition", sort=True):
        substrate = group["substrate_mM"].to_numpy()
        rates = group["rate_uM_per_s"].to_numpy()
        v_max, k_m = fit(substrate, rates)
        low, high = np.percentile(bootstrap(substrate, rates, random), [2.5, 97.5], axis=0)
        rows.append((condition, v_max, low[0], high[0], k_m, low[1], high[1]))
    columns = ["condition", "v_max", "v_max_low", "v_max_high", "k_m", "k_m_low", "k_m_high"]
    return pd.DataFrame(rows, columns=columns)


def plot(data, results, path):
    """Draw the measured rates and the fitted curves."""
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    grid = np.linspace(0, data["substrate_mM"].max() * 1.05, 200)
    for row in results.itertuples():
        group = data[data["condition"] == row.condition]
        points = group.groupby("substrate_mM")["rate_uM_per_s"].agg(["mean", "std"])
        bars = axes.errorbar(points.index, points["mean"], points["std"], fmt="o", capsize=3)
        label = f"{row.condition}: $K_m$ = {row.k_m:.2f} mM"
        axes.plot(grid, rate(grid, row.v_max, row.k_m), color=bars[0].get_color(), label=label)
    axes.set(xlabel="substrate (mM)", ylabel="rate (µM/s)", title="Michaelis-Menten kinetics")
    axes.legend()
    figure.savefig(path, dpi=120)


def main(data_path, results_path, figure_path):
    """Read the data, write the results and the figure."""
    data = pd.read_csv(data_path)
    results = analyse(data)
    results.to_csv(results_path, index=False, float_format="%.6f")
    plot(data, results, figure_path)
    print(results.round(3).to_string(index=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
