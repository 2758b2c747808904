"""Metrics, slices, intervals, calibration, and the report.

`run.evaluate` turns predictions of several models on the same labels into a `report.Report`; `terminal.show`,
`page.page` and `Report.to_json` render it. `statistics` and `bootstrap` hold the one idea below: a metric is a
number over seeds that can be computed again on resampled entities. `calibration` and `conformal` mend
probabilities and quantiles; `splits` divides anchors by time.
"""
