WITH "ew_rows_1" AS (
  SELECT
    "users"."user_id" AS "user_id"
  FROM "users"
), "ew_rows_2" AS (
  SELECT
    "likes"."user_id" AS "user_id",
    CAST("likes"."item_id" AS TEXT) AS "item_id"
  FROM "likes"
), "ew_keyed_1" AS (
  SELECT DISTINCT
    "user_id"
  FROM "ew_rows_1"
  WHERE
    NOT "user_id" IS NULL
), "ew_entities" AS (
  SELECT
    "k"."user_id" AS "e0"
  FROM "ew_keyed_1" AS "k"
), "ew_events_1" AS (
  SELECT
    "r"."user_id" AS "e0",
    "r"."item_id" AS "v"
  FROM "ew_rows_2" AS "r"
  WHERE
    NOT "r"."user_id" IS NULL AND NOT "r"."item_id" IS NULL
), "ew_agg_1" AS (
  SELECT DISTINCT
    "ev"."e0",
    "ev"."v"
  FROM "ew_events_1" AS "ev"
)
SELECT
  "en"."e0",
  0 AS "slot",
  "ew_agg_1"."v" AS "target"
FROM "ew_entities" AS "en"
LEFT JOIN "ew_agg_1"
  ON "ew_agg_1"."e0" = "en"."e0"
