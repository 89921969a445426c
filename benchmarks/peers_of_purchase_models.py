"""Fit and predict with lifetimes and pymc-marketing; run by `bench_purchase_models.py` in an environment of their own.

    PYTHON peers_of_purchase_models.py DATA.npz LIBRARY MODEL

prints one line of JSON: the parameters, and seconds to fit and to predict. What importing takes is told apart.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings

import numpy as np


def with_lifetimes(model: str, data: dict[str, np.ndarray], horizon: float) -> dict[str, object]:
    import lifetimes

    x, t_x, age = data["x"], data["t_x"], data["T"]
    if model == "Gamma-Gamma":
        some = x > 0
        fitter = lifetimes.GammaGammaFitter()
        start = time.perf_counter()
        fitter.fit(x[some], data["m_x"][some])
        return {"fit_s": time.perf_counter() - start, "values": [float(fitter.params_[name]) for name in "pqv"]}
    kinds = {
        "BG/NBD": (lifetimes.BetaGeoFitter, "r alpha a b"),
        "MBG/NBD": (lifetimes.ModifiedBetaGeoFitter, "r alpha a b"),
        "Pareto/NBD": (lifetimes.ParetoNBDFitter, "r alpha s beta"),
    }
    kind, names = kinds[model]
    fitter = kind()
    start = time.perf_counter()
    fitter.fit(x, t_x, age)
    fitted = time.perf_counter()
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(horizon, x, t_x, age)
    alive = fitter.conditional_probability_alive(x, t_x, age)
    done = time.perf_counter()
    return {
        "fit_s": fitted - start, "predict_s": done - fitted, "values": [float(fitter.params_[name]) for name in names.split()],
        "sum_expected": float(np.sum(expected)), "mean_alive": float(np.mean(alive)),
    }  # fmt: skip


def with_pymc(model: str, data: dict[str, np.ndarray], horizon: float) -> dict[str, object]:
    import pandas as pd
    from pymc_marketing import clv

    frame = pd.DataFrame(
        {"customer_id": np.arange(len(data["x"])), "frequency": data["x"], "recency": data["t_x"], "T": data["T"]}
    )
    kinds = {
        "BG/NBD": (clv.BetaGeoModel, "r alpha a b"),
        "MBG/NBD": (clv.ModifiedBetaGeoModel, "r alpha a b"),
        "Pareto/NBD": (clv.ParetoNBDModel, "r alpha s beta"),
        "Gamma-Gamma": (clv.GammaGammaModel, "p q v"),
    }
    kind, names = kinds[model]
    if model == "Gamma-Gamma":
        frame["monetary_value"] = data["m_x"]
        frame = frame[frame["frequency"] > 0]
    # Its default priors move Pareto/NBD's parameters by up to a half in small samples; flat ones leave the likelihood.
    config = None
    if model == "Pareto/NBD":
        from pymc_extras.prior import Prior

        config = {name: Prior("HalfFlat") for name in names.split()}
    start = time.perf_counter()
    fitted_model = kind(data=frame, model_config=config)
    fitted_model.fit(method="map", progressbar=False)
    fitted = time.perf_counter()
    posterior = fitted_model.fit_result
    posterior = getattr(posterior, "posterior", posterior)
    found: dict[str, object] = {
        "fit_s": fitted - start, "values": [float(np.asarray(posterior[name]).mean()) for name in names.split()]
    }  # fmt: skip
    if model != "Gamma-Gamma":
        expected = np.asarray(fitted_model.expected_purchases(frame, future_t=horizon))
        alive = np.asarray(fitted_model.expected_probability_alive(frame))
        found["predict_s"] = time.perf_counter() - fitted
        found["sum_expected"], found["mean_alive"] = float(expected.sum()), float(alive.mean())
    return found


def main() -> None:
    path, library, model = sys.argv[1:4]
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with np.load(path) as stored:
        data = {name: stored[name] for name in stored.files}
    horizon = float(data.pop("horizon"))
    start = time.perf_counter()
    __import__({"lifetimes": "lifetimes", "pymc-marketing": "pymc_marketing.clv"}[library])
    imported = time.perf_counter() - start
    found = (with_lifetimes if library == "lifetimes" else with_pymc)(model, data, horizon)
    print("RESULT " + json.dumps({"import_s": imported, **found}))


if __name__ == "__main__":
    main()
