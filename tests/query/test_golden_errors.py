"""Every mistake in a query points at its place, says what is wrong, and proposes: one golden file each."""

from __future__ import annotations

import pytest
from query_golden import check_golden
from query_worlds import LINKS, schema

from edgewise.errors import QueryError
from edgewise.query.bind import bind
from edgewise.schema.model import Link

ME = "FOR EACH users.user_id"
WEEK = "0, 7, days"

MISTAKES = {
    # names
    "unknown_table": f"PREDICT COUNT(event.*, {WEEK}) {ME}",
    "unknown_table_far": f"PREDICT COUNT(zebras.*, {WEEK}) {ME}",
    "unknown_column": f"PREDICT SUM(events.amuont, {WEEK}) {ME}",
    "unknown_column_elsewhere": f"PREDICT SUM(events.price, {WEEK}) {ME}",
    "unknown_column_far": f"PREDICT SUM(events.zzz, {WEEK}) {ME}",
    "unknown_entity": "PREDICT COUNT(events.*, 0, 7, days) FOR EACH user.user_id",
    "unknown_entity_column": "PREDICT COUNT(events.*, 0, 7, days) FOR EACH users.id",
    "unknown_in_condition": f"PREDICT COUNT(events.* WHERE items.colour = 'red', {WEEK}) {ME}",
    "column_without_table": f"PREDICT COUNT(amount, {WEEK}) {ME}",
    "star_without_table": f"PREDICT COUNT(*, {WEEK}) {ME}",
    # grammar
    "empty": "",
    "no_predict": f"COUNT(events.*, {WEEK}) {ME}",
    "sql": "SELECT * FROM events",
    "no_entity": f"PREDICT COUNT(events.*, {WEEK})",
    "no_for": f"PREDICT COUNT(events.*, {WEEK}) EACH users.user_id",
    "where_before_entity": f"PREDICT COUNT(events.*, {WEEK}) WHERE users.age > 3 {ME}",
    "two_wheres": f"PREDICT COUNT(events.*, {WEEK}) {ME} WHERE users.age > 3 WHERE users.age < 9",
    "unknown_function": f"PREDICT CUONT(events.*, {WEEK}) {ME}",
    "unknown_unit": f"PREDICT COUNT(events.*, 0, 7, dyas) {ME}",
    "unit_without_comma": f"PREDICT COUNT(events.*, 0, 7 days) {ME}",
    "unit_glued": f"PREDICT COUNT(events.*, 0, 7days) {ME}",
    "half_a_day": f"PREDICT COUNT(events.*, 0, 0.5, days) {ME}",
    "one_bound": f"PREDICT COUNT(events.*, 7) {ME}",
    "open_parenthesis": f"PREDICT COUNT(events.*, {WEEK} {ME}",
    "open_quote": f"PREDICT COUNT(events.* WHERE events.note = 'ab, {WEEK}) {ME}",
    "empty_list": f"PREDICT COUNT(events.* WHERE events.note IN (), {WEEK}) {ME}",
    "between": f"PREDICT COUNT(events.* WHERE events.amount BETWEEN 1 AND 2, {WEEK}) {ME}",
    "endless_end": f"PREDICT COUNT(events.*, 0, -INF) {ME}",
    "bad_character": f"PREDICT COUNT(events.*, {WEEK}) ? {ME}",
    "misspelt_keyword": f"PREDICT LIST_DISTINCT(events.item_id, {WEEK}) RANK TPO 5 {ME}",
    "too_much": f"PREDICT COUNT(events.*, {WEEK}) {ME} LIMIT 5",
    "greater_key": f"PREDICT COUNT(events.*, {WEEK}) FOR users.user_id > 5",
    # links
    "no_link": f"PREDICT COUNT(brands.*, {WEEK}) {ME}",
    "backward_link": "PREDICT COUNT(users.*) FOR EACH events.event_id",
    "own_table": f"PREDICT COUNT(users.*, {WEEK}) {ME}",
    "not_linked_in_condition": f"PREDICT COUNT(visits.* WHERE items.kind = 'ab', {WEEK}) {ME}",
    "backward_in_where": f"PREDICT COUNT(events.*, {WEEK}) {ME} WHERE likes.score > 1",
    "column_is_no_link": f"PREDICT LIST_DISTINCT(events.amount, {WEEK}) RANK TOP 5 {ME}",
    "list_of_ids": f"PREDICT LIST_DISTINCT(events.event_id, {WEEK}) RANK TOP 5 {ME}",
    # windows
    "past_target": f"PREDICT COUNT(events.*, -7, 0, days) {ME}",
    "past_in_target": f"PREDICT SUM(events.amount, {WEEK}) > SUM(events.amount, -7, 0, days) {ME}",
    "infinite_target": f"PREDICT COUNT(events.*, -INF, 7, days) {ME}",
    "future_in_where": f"PREDICT COUNT(events.*, {WEEK}) {ME} WHERE COUNT(events.*, 0, 7, days) > 0",
    "past_in_assuming": f"PREDICT COUNT(events.*, {WEEK}) {ME} ASSUMING COUNT(visits.*, -7, 0, days) > 0",
    "assuming_without_window": f"PREDICT COUNT(events.*, {WEEK}) {ME} ASSUMING users.age > 3",
    "assuming_static": f"PREDICT users.age {ME} ASSUMING COUNT(visits.*, 0, 7, days) > 0",
    "empty_window": f"PREDICT COUNT(events.*, 7, 7, days) {ME}",
    "turned_window": f"PREDICT COUNT(events.*, 9, 2, days) {ME}",
    "endless_window": f"PREDICT COUNT(events.*, 0, 999999, years) {ME}",
    "no_window": f"PREDICT COUNT(events.*) {ME}",
    "window_without_time": f"PREDICT COUNT(likes.*, {WEEK}) {ME}",
    # types
    "sum_of_text": f"PREDICT SUM(events.note, {WEEK}) {ME}",
    "sum_of_star": f"PREDICT SUM(events.*, {WEEK}) {ME}",
    "sum_of_id": f"PREDICT SUM(events.store_id, {WEEK}) {ME}",
    "avg_of_time": f"PREDICT AVG(events.at, {WEEK}) {ME}",
    "max_of_time": f"PREDICT MAX(events.at, {WEEK}) {ME}",
    "text_as_number": f"PREDICT COUNT(events.* WHERE events.note > 5, {WEEK}) {ME}",
    "number_as_text": f"PREDICT COUNT(events.* WHERE events.amount = '5', {WEEK}) {ME}",
    "number_as_time": f"PREDICT COUNT(events.* WHERE events.at > 5, {WEEK}) {ME}",
    "no_date": f"PREDICT COUNT(events.* WHERE events.at > '2020-13-01', {WEEK}) {ME}",
    "like_a_number": f"PREDICT COUNT(events.* WHERE events.amount LIKE '5%', {WEEK}) {ME}",
    "like_five": f"PREDICT COUNT(events.* WHERE events.note LIKE 5, {WEEK}) {ME}",
    "ordered_booleans": f"PREDICT COUNT(events.* WHERE events.flag > FALSE, {WEEK}) {ME}",
    "less_than_null": f"PREDICT COUNT(events.* WHERE events.note < NULL, {WEEK}) {ME}",
    "null_in_list": f"PREDICT COUNT(events.* WHERE events.note IN ('ab', NULL), {WEEK}) {ME}",
    "number_as_condition": f"PREDICT COUNT(events.*, {WEEK}) {ME} WHERE COUNT(events.*, -7, 0)",
    "condition_in_sum": f"PREDICT COUNT(events.*, {WEEK}) + (COUNT(events.*, {WEEK}) > 1) {ME}",
    "nested_aggregation": f"PREDICT COUNT(events.* WHERE COUNT(events.*, 0, 7) > 1, {WEEK}) {ME}",
    "compared_list": f"PREDICT LIST_DISTINCT(events.note, {WEEK}) = 'ab' {ME}",
    "mixed_comparison": f"PREDICT COUNT(events.* WHERE events.note = events.amount, {WEEK}) {ME}",
    "wrong_key_type": f"PREDICT COUNT(events.*, {WEEK}) FOR EACH users.user_id IN ('a')",
    # tasks
    "list_without_clause": f"PREDICT LIST_DISTINCT(events.item_id, {WEEK}) {ME}",
    "categories_without_clause": f"PREDICT LIST_DISTINCT(events.note, {WEEK}) {ME}",
    "rank_without_top": f"PREDICT LIST_DISTINCT(events.item_id, {WEEK}) RANK {ME}",
    "rank_top_none": f"PREDICT LIST_DISTINCT(events.item_id, {WEEK}) RANK TOP 0 {ME}",
    "top_alone": f"PREDICT LIST_DISTINCT(events.item_id, {WEEK}) TOP 5 {ME}",
    "rank_a_number": f"PREDICT COUNT(events.*, {WEEK}) RANK TOP 5 {ME}",
    "classify_a_number": f"PREDICT SUM(events.amount, {WEEK}) CLASSIFY {ME}",
    "forecast_a_condition": f"PREDICT COUNT(events.*, {WEEK}) > 0 FORECAST 4 TIMEFRAMES {ME}",
    "forecast_two_windows": f"PREDICT COUNT(events.*, {WEEK}) + COUNT(events.*, 0, 9) FORECAST 4 TIMEFRAMES {ME}",
    "impute_the_key": f"PREDICT users.user_id {ME}",
    "impute_a_time": f"PREDICT users.joined {ME}",
    "impute_elsewhere": "PREDICT brands.country FOR EACH items.item_id",
    "constant_target": f"PREDICT 1 = 1 {ME}",
    # entities
    "entity_by_number": "PREDICT COUNT(events.*, 0, 7, days) FOR EACH events.amount",
    "entity_by_time": "PREDICT COUNT(events.*, 0, 7, days) FOR EACH events.at",
    "entity_star": "PREDICT COUNT(events.*, 0, 7, days) FOR EACH users.*",
    "three_columns": "PREDICT COUNT(events.*, 0, 7) FOR EACH events.user_id, events.item_id, events.note",
    "untied_pair": "PREDICT COUNT(events.*, 0, 7) FOR EACH visits.page, likes.score",
    "pair_of_keys": "PREDICT COUNT(events.*, 0, 7) FOR EACH events.user_id, events.item_id IN (1, 2)",
    "column_of_derived": "PREDICT COUNT(events.*, 0, 7) FOR EACH items.kind WHERE items.price > 1",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_explained(name: str) -> None:
    with pytest.raises(QueryError) as caught:
        bind(MISTAKES[name], schema())
    check_golden(f"errors/{name}.txt", caught.value.render() + "\n")


def test_ambiguous_paths_are_listed() -> None:
    twice = (*LINKS, Link("events", "count", "users"))
    with pytest.raises(QueryError) as caught:
        bind(f"PREDICT COUNT(events.*, {WEEK}) {ME}", schema(links=twice))
    check_golden("errors/two_links.txt", caught.value.render() + "\n")
    with pytest.raises(QueryError) as caught:
        bind(
            f"PREDICT COUNT(lines.*, {WEEK}) FOR EACH brands.brand_id",
            schema(links=(*LINKS, Link("events", "count", "brands"))),
        )
    check_golden("errors/several_ways.txt", caught.value.render() + "\n")
