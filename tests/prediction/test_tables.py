"""The columns that users get, for each kind of task."""

import numpy as np
import pyarrow as pa

from edgewise.ids import MISSING
from edgewise.prediction.tables import prediction_table
from edgewise.query.kinds import TaskKind
from edgewise.tasks.nouns import Classified, Estimated, Ranked, TaskSpec

ENTITY = pa.array(["a", "b"])
AT = pa.array([0, 0], pa.timestamp("us"))


def spec(kind, **more):
    return TaskSpec(kind, "users", 1, **more)


def test_rankings_have_one_row_an_item_that_was_found():
    ranked = Ranked(np.array([[2, 0], [1, MISSING]]), np.array([[0.9, 0.5], [0.7, -np.inf]], np.float32))
    table = prediction_table(spec(TaskKind.RANKING, item="things"), ranked, ENTITY, AT, pa.array(["x", "y", "z"]))
    assert table.column_names == ["entity", "anchor_time", "rank", "item", "score"]
    assert table.column("entity").to_pylist() == ["a", "a", "b"]
    assert table.column("rank").to_pylist() == [1, 2, 1]
    assert table.column("item").to_pylist() == ["z", "x", "y"]


def test_binary_answers_carry_the_probability_of_true():
    table = prediction_table(spec(TaskKind.BINARY), Classified(np.array([[0.2, 0.8], [0.6, 0.4]])), ENTITY, AT)
    assert table.column("prediction").to_pylist() == [True, False]
    assert table.column("probability").to_pylist() == [0.8, 0.4]


def test_multiclass_answers_name_the_class():
    probability = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])
    table = prediction_table(
        spec(TaskKind.MULTICLASS, classes=pa.array(["p", "q", "r"])), Classified(probability), ENTITY, AT
    )
    assert table.column("prediction").to_pylist() == ["q", "p"]
    assert table.column("probability").to_pylist() == [0.7, 0.5]
    assert table.column("probabilities").to_pylist() == probability.tolist()


def test_multilabel_answers_list_the_classes_above_the_threshold():
    probability = np.array([[0.6, 0.9, 0.2], [0.1, 0.2, 0.3]])
    table = prediction_table(
        spec(TaskKind.MULTILABEL, classes=pa.array(["p", "q", "r"])), Classified(probability), ENTITY, AT
    )
    assert table.column("prediction").to_pylist() == [["q", "p"], []]
    assert table.column("probability").to_pylist() == [[0.9, 0.6], []]


def test_numbers_carry_their_quantiles_and_forecasts_are_lists():
    one = Estimated(np.array([1.0, 2.0]), {0.9: np.array([3.0, 4.0]), 0.1: np.array([0.0, 1.0])})
    table = prediction_table(spec(TaskKind.REGRESSION), one, ENTITY, AT)
    assert table.column_names == ["entity", "anchor_time", "prediction", "q10", "q90"]
    frames = Estimated(np.array([[1.0, 2.0], [3.0, 4.0]]))
    table = prediction_table(spec(TaskKind.FORECASTING, timeframes=2), frames, ENTITY, AT)
    assert table.column("prediction").to_pylist() == [[1.0, 2.0], [3.0, 4.0]]
