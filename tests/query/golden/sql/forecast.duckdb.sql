WITH "ew_anchors"("slot", "at") AS (
  VALUES
    (0, 1580428800000000),
    (1, 1580428800000000),
    (2, 1581638400000000),
    (3, 1581638400000000)
), "ew_window_1"("slot", "low", "high", "bin") AS (
  VALUES
    (0, 1580428800000000, 1582934400000000, 0),
    (1, 1582934400000000, 1585612800000000, 0),
    (2, 1581638400000000, 1584144000000000, 0),
    (3, 1584144000000000, 1586822400000000, 0),
    (1, 1582934400000000, 1585612800000000, 1),
    (3, 1584144000000000, 1586822400000000, 1)
), "ew_rows_2" AS (
  SELECT
    "events"."store_id" AS "store_id",
    CASE
      WHEN ABS(CAST("events"."amount" AS DOUBLE)) <= 1.7976931348623157e308
      THEN CAST("events"."amount" AS DOUBLE)
    END AS "amount",
    MICROS("events"."at") AS "__at"
  FROM "events"
), "ew_rows_1" AS (
  SELECT DISTINCT
    "store_id" AS "store_id"
  FROM "ew_rows_2"
  WHERE
    NOT "store_id" IS NULL
), "ew_keyed_1" AS (
  SELECT
    "store_id"
  FROM "ew_rows_1"
), "ew_births" AS (
  SELECT
    "e0",
    MIN("born") AS "born"
  FROM (
    SELECT
      "store_id" AS "e0",
      MIN("__at") AS "born"
    FROM "ew_rows_2"
    WHERE
      NOT "store_id" IS NULL AND NOT "__at" IS NULL
    GROUP BY
      "store_id"
  ) AS firsts
  GROUP BY
    "e0"
), "ew_entities" AS (
  SELECT
    "k"."store_id" AS "e0",
    "b"."born"
  FROM "ew_keyed_1" AS "k"
  JOIN "ew_births" AS "b"
    ON "b"."e0" = "k"."store_id"
), "ew_events_1" AS (
  SELECT
    "r"."store_id" AS "e0",
    "r"."__at" AS "__at",
    CAST("r"."amount" AS DOUBLE) AS "v"
  FROM "ew_rows_2" AS "r"
  WHERE
    NOT "r"."store_id" IS NULL
    AND NOT "r"."__at" IS NULL
    AND NOT CAST("r"."amount" AS DOUBLE) IS NULL
    AND (
      "r"."__at" > 1580428800000000 AND "r"."__at" <= 1586822400000000
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
      ) >> 42
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
JOIN "ew_anchors" AS "a"
  ON "en"."born" <= "a"."at"
LEFT JOIN "ew_agg_1"
  ON "ew_agg_1"."e0" = "en"."e0" AND "ew_agg_1"."slot" = "a"."slot"
