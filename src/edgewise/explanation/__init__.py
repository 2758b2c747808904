"""Why a prediction came out as it did."""
