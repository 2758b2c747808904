"""Forecasts by statsforecast and mlforecast, in an environment of their own: `SERIES.npz OUT.npz`.

SERIES holds, by level, `LEVEL` [series, weeks], and `origins` (weeks seen); OUT gets, for each level, peer and
origin, means and quantiles [series, horizon, 1 + quantiles]. Each level is forecast by itself, as suits it best.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator

import lightgbm as lgb
import numpy as np
import pandas as pd
from mlforecast import MLForecast
from mlforecast.lag_transforms import ExpandingMean, RollingMean
from mlforecast.utils import PredictionIntervals
from statsforecast.models import AutoETS, AutoTheta, SeasonalNaive

HORIZON = 8
LEVELS = [50, 80]
MANY = 1000
#: Seasons of four weeks: a year has no season of a year in it. Tried without a season as well.
SEASONS = {"total": (1, 4), "department": (1, 4), "category": (1,), "store": (1,), "cell": (1,)}


def statistical(level: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """The models of statsforecast that a level is forecast with."""
    yield "seasonal_naive", lambda: SeasonalNaive(4)
    for season in SEASONS[level]:
        yield f"auto_ets_{season}", lambda season=season: AutoETS(season_length=season)
        yield f"auto_theta_{season}", lambda season=season: AutoTheta(season_length=season)


def one_by_one(make: Callable[[], object], series: np.ndarray) -> np.ndarray:
    """Mean and quantiles (.1 .25 .5 .75 .9) of each series; the mean of all weeks where a model refuses."""
    out = np.zeros((len(series), HORIZON, 6))
    for i, y in enumerate(series):
        if not y.any():
            continue
        try:
            f = make().forecast(y.astype(float), h=HORIZON, level=LEVELS)  # type: ignore[attr-defined]  # a model
            names = ("mean", "lo-80", "lo-50", "mean", "hi-50", "hi-80")
            out[i] = np.stack([np.asarray(f[name]) for name in names], axis=1)
        except Exception:
            out[i] = y.mean()
    return np.maximum(out, 0)


def boosted(objective: str, series: np.ndarray, wanted: int) -> np.ndarray:
    """LightGBM with lags over all series of a level, with conformal intervals; the first `wanted` are returned.

    Of many series without intervals, which cost two more fits: their quantiles are not numbers.
    """
    n, weeks = series.shape
    start = pd.Timestamp("2017-01-02")
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n), weeks),
            "ds": np.tile(pd.date_range(start, periods=weeks, freq="W-MON"), n),
            "y": series.ravel().astype(float),
        }
    )
    trees = lgb.LGBMRegressor(
        objective=objective,
        n_estimators=150,
        learning_rate=0.05,
        num_leaves=31,
        verbosity=-1,
        n_jobs=1,
        random_state=0,
    )
    lags = [1, 2, 3, 4, 5, 6, 8]
    means = {1: [RollingMean(4), RollingMean(8), RollingMean(13, min_samples=4), ExpandingMean()]}
    model = MLForecast({"m": trees}, freq="W-MON", lags=lags, lag_transforms=means, date_features=["day", "month"])
    if n > MANY:
        made = model.fit(frame).predict(HORIZON).sort_values(["unique_id", "ds"])["m"].to_numpy()
        out = np.full((n, HORIZON, 6), np.nan)
        out[..., 0] = out[..., 3] = np.maximum(made.reshape(n, HORIZON), 0)
        return out[:wanted]
    model.fit(frame, prediction_intervals=PredictionIntervals(n_windows=2, h=HORIZON))
    made = model.predict(HORIZON, level=LEVELS).sort_values(["unique_id", "ds"])
    names = ("m", "m-lo-80", "m-lo-50", "m", "m-hi-50", "m-hi-80")
    return np.maximum(made[list(names)].to_numpy().reshape(n, HORIZON, 6)[:wanted], 0)


def main(given: str, out: str) -> None:
    """Forecast every level at every origin with every peer."""
    warnings.filterwarnings("ignore")
    data = np.load(given)
    found: dict[str, np.ndarray] = {}
    for level in ("cell", "total", "department", "category", "store"):
        series, wanted = data[level], int(data[f"{level}_wanted"])
        for name, make in statistical(level):
            began = time.time()
            for origin in data["origins"]:
                found[f"{level}|{name}|{origin}"] = one_by_one(make, series[:wanted, :origin])
            print(f"  {level} {name} {time.time() - began:.0f} s", flush=True)
        for objective in ("l2", "l1") if level != "total" else ("l2",):
            began = time.time()
            for origin in data["origins"]:
                found[f"{level}|lightgbm_{objective}|{origin}"] = boosted(objective, series[:, :origin], wanted)
            print(f"  {level} lightgbm_{objective} {time.time() - began:.0f} s", flush=True)
    np.savez_compressed(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:3])
