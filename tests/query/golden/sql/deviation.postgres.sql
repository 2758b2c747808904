WITH "ew_anchors"("slot", "at") AS (
  VALUES
    (0, 1580428800000000),
    (1, 1581638400000000)
), "ew_window_1"("slot", "low", "high", "bin") AS (
  VALUES
    (0, 1580428800000000, 1581033600000000, 0),
    (1, 1581638400000000, 1582243200000000, 1)
), "ew_rows_1" AS (
  SELECT
    "users"."user_id" AS "user_id"
  FROM "users"
), "ew_rows_2" AS (
  SELECT
    "events"."user_id" AS "user_id",
    CASE
      WHEN ABS(CAST("events"."amount" AS DOUBLE PRECISION)) <= 1.7976931348623157e308
      THEN CAST("events"."amount" AS DOUBLE PRECISION)
    END AS "amount",
    MICROS("events"."at") AS "__at"
  FROM "events"
), "ew_clock_3"("tick", "start") AS (
  VALUES
    (1, 1578268800000000),
    (2, 1578873600000000),
    (3, 1579478400000000),
    (4, 1580083200000000),
    (5, 1580774400000000),
    (6, 1581379200000000),
    (7, 1581984000000000),
    (8, 1582588800000000)
), "ew_rows_3" AS (
  SELECT
    "visits"."user_id" AS "user_id",
    "ew_clock_3"."start" AS "__at"
  FROM "visits"
  LEFT JOIN "ew_clock_3"
    ON "ew_clock_3"."tick" = "visits"."week"
), "ew_keyed_1" AS (
  SELECT DISTINCT
    "user_id"
  FROM "ew_rows_1"
  WHERE
    NOT "user_id" IS NULL
), "ew_births" AS (
  SELECT
    "e0",
    MIN("born") AS "born"
  FROM (
    SELECT
      "user_id" AS "e0",
      MIN("__at") AS "born"
    FROM "ew_rows_2"
    WHERE
      NOT "user_id" IS NULL AND NOT "__at" IS NULL
    GROUP BY
      "user_id"
    UNION ALL
    SELECT
      "user_id" AS "e0",
      MIN("__at") AS "born"
    FROM "ew_rows_3"
    WHERE
      NOT "user_id" IS NULL AND NOT "__at" IS NULL
    GROUP BY
      "user_id"
  ) AS firsts
  GROUP BY
    "e0"
), "ew_entities" AS (
  SELECT
    "k"."user_id" AS "e0",
    "b"."born"
  FROM "ew_keyed_1" AS "k"
  JOIN "ew_births" AS "b"
    ON "b"."e0" = "k"."user_id"
), "ew_events_1" AS (
  SELECT
    "r"."user_id" AS "e0",
    "r"."__at" AS "__at",
    CAST("r"."amount" AS DOUBLE PRECISION) AS "v"
  FROM "ew_rows_2" AS "r"
  WHERE
    NOT "r"."user_id" IS NULL
    AND NOT "r"."__at" IS NULL
    AND NOT CAST("r"."amount" AS DOUBLE PRECISION) IS NULL
    AND (
      "r"."__at" > 1580428800000000 AND "r"."__at" <= 1582243200000000
    )
), "ew_agg_1" AS (
  SELECT
    "ev"."e0",
    "w"."slot",
    STDDEV_SAMP("ev"."v" ORDER BY "ev"."v") AS "v"
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
  "ew_agg_1"."v" AS "target"
FROM "ew_entities" AS "en"
JOIN "ew_anchors" AS "a"
  ON "en"."born" <= "a"."at"
LEFT JOIN "ew_agg_1"
  ON "ew_agg_1"."e0" = "en"."e0" AND "ew_agg_1"."slot" = "a"."slot"
