WITH "ew_rows_1" AS (
  SELECT
    "users"."user_id" AS "user_id",
    "users"."age" AS "age",
    CAST("users"."city" AS TEXT) AS "city"
  FROM "users"
), "ew_keyed_1" AS (
  SELECT
    "user_id",
    "age",
    "city"
  FROM (
    SELECT
      "user_id",
      "age",
      "city",
      ROW_NUMBER() OVER (PARTITION BY "user_id" ORDER BY "age" NULLS LAST, "city" NULLS LAST) AS "__rank"
    FROM "ew_rows_1"
    WHERE
      NOT "user_id" IS NULL
  ) AS ranked
  WHERE
    "__rank" = 1
), "ew_entities" AS (
  SELECT
    "k"."user_id" AS "e0"
  FROM "ew_keyed_1" AS "k"
)
SELECT
  "en"."e0",
  0 AS "slot",
  CAST("r"."age" AS REAL) AS "target"
FROM "ew_entities" AS "en"
LEFT JOIN "ew_keyed_1" AS "r"
  ON "r"."user_id" = "en"."e0"
WHERE
  (
    NOT (
      "r"."city"
    ) IS NULL
  )
