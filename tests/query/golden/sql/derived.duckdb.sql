WITH "ew_anchors"("slot", "at") AS (
  VALUES
    (0, 1580428800000000),
    (1, 1581638400000000)
), "ew_window_1"("slot", "low", "high", "bin") AS (
  VALUES
    (0, 1580428800000000, 1581033600000000, 0),
    (1, 1581638400000000, 1582243200000000, 1)
), "ew_rows_2" AS (
  SELECT
    CAST("events"."item_id" AS TEXT) AS "item_id",
    CASE
      WHEN ABS(CAST("events"."amount" AS DOUBLE)) <= 1.7976931348623157e308
      THEN CAST("events"."amount" AS DOUBLE)
    END AS "amount",
    MICROS("events"."at") AS "__at"
  FROM "events"
), "ew_rows_3" AS (
  SELECT
    CAST("items"."item_id" AS TEXT) AS "item_id",
    CAST("items"."kind" AS TEXT) AS "kind"
  FROM "items"
), "ew_rows_1" AS (
  SELECT DISTINCT
    "kind" AS "kind"
  FROM "ew_rows_3"
  WHERE
    NOT "kind" IS NULL
), "ew_keyed_1" AS (
  SELECT
    "kind"
  FROM "ew_rows_1"
), "ew_keyed_3" AS (
  SELECT
    "item_id",
    "kind"
  FROM (
    SELECT
      "item_id",
      "kind",
      ROW_NUMBER() OVER (PARTITION BY "item_id" ORDER BY "kind") AS "__rank"
    FROM "ew_rows_3"
    WHERE
      NOT "item_id" IS NULL
  ) AS ranked
  WHERE
    "__rank" = 1
), "ew_entities" AS (
  SELECT
    "k"."kind" AS "e0"
  FROM "ew_keyed_1" AS "k"
), "ew_events_1" AS (
  SELECT
    "r1"."kind" AS "e0",
    "r"."__at" AS "__at",
    CAST("r"."amount" AS DOUBLE) AS "v"
  FROM "ew_rows_2" AS "r"
  LEFT JOIN "ew_keyed_3" AS "r1"
    ON "r1"."item_id" = "r"."item_id"
  WHERE
    NOT "r1"."kind" IS NULL
    AND NOT "r"."__at" IS NULL
    AND NOT CAST("r"."amount" AS DOUBLE) IS NULL
    AND (
      "r"."__at" > 1580428800000000 AND "r"."__at" <= 1582243200000000
    )
), "ew_agg_1" AS (
  SELECT
    "ev"."e0",
    "w"."slot",
    SUM("ev"."v" ORDER BY "ev"."v") AS "v"
  FROM "ew_events_1" AS "ev"
  JOIN "ew_window_1" AS "w"
    ON "w"."bin" = (
      (
        "ev"."__at" - 1580428800000000
      ) >> 40
    )
    AND "ev"."__at" > "w"."low"
    AND "ev"."__at" <= "w"."high"
  GROUP BY
    "ev"."e0",
    "w"."slot"
)
SELECT
  "en"."e0",
  "a"."slot" AS "slot",
  COALESCE("ew_agg_1"."v", CAST(0 AS DOUBLE)) AS "target"
FROM "ew_entities" AS "en"
CROSS JOIN "ew_anchors" AS "a"
LEFT JOIN "ew_agg_1"
  ON "ew_agg_1"."e0" = "en"."e0" AND "ew_agg_1"."slot" = "a"."slot"
