"""The grammar of the predictive query language, for lark's LALR parser with its contextual lexer.

Keywords are only keywords where the grammar can take them, so a column may be called `count` or `days`;
where a name and a keyword are both possible, the name can be quoted.
"""

from __future__ import annotations

from typing import Final

__all__ = ["GRAMMAR", "WORDS"]

GRAMMAR: Final = r"""
start: PREDICT expr [clause] FOR [EACH] entity tail* SEMICOLON?

clause: RANK [TOP NUMBER]            -> rank
      | CLASSIFY [TOP NUMBER]        -> classify
      | TOP NUMBER                   -> top
      | FORECAST NUMBER TIMEFRAMES   -> forecast

entity: column (COMMA column)* [entity_keys]
entity_keys: COMPARE literal         -> one_key
           | IN values               -> key_list

tail: WHERE expr                     -> where
    | ASSUMING expr                  -> assuming

?expr: conjunction
     | expr OR conjunction           -> either
?conjunction: negation
     | conjunction AND negation      -> both
?negation: comparison
     | NOT negation                  -> negation
?comparison: sum
     | sum COMPARE sum               -> compare
     | sum IS [NOT] literal          -> is_value
     | sum IS [NOT] IN values        -> in_list_is
     | sum [NOT] IN values           -> in_list
     | sum [NOT] MATCH literal       -> match
?sum: product
     | sum PLUS product              -> arithmetic
     | sum MINUS product             -> arithmetic
?product: unary
     | product STAR unary            -> arithmetic
     | product SLASH unary           -> arithmetic
?unary: primary
     | MINUS unary                   -> negative
     | PLUS unary                    -> positive
?primary: column
     | value
     | aggregation
     | LPAR expr RPAR                -> group

aggregation: AGGREGATION LPAR argument [WHERE expr] [window] RPAR
argument: name (DOT name)* DOT STAR  -> star
        | column
window: COMMA bound COMMA bound [COMMA NAME]
bound: [MINUS] NUMBER                -> bound
     | PLUS NUMBER                   -> plus_bound
     | MINUS_INF                     -> no_bound

column: name (DOT name)+
name: NAME | BACKQUOTED | DOUBLE_QUOTED

values: LPAR literal (COMMA literal)* RPAR
literal: value
       | MINUS NUMBER                -> minus_number
value: NUMBER                        -> number
     | STRING                        -> string
     | DOUBLE_QUOTED                 -> string
     | (TRUE | FALSE)                -> boolean
     | (TIME | TYPED_TIME)           -> time
     | NULL                          -> null

PREDICT.2: /PREDICT\b/i
RANK.2: /RANK\b/i
CLASSIFY.2: /CLASSIFY\b/i
TOP.2: /TOP\b/i
FORECAST.2: /FORECAST\b/i
TIMEFRAMES.2: /TIMEFRAMES?\b/i
FOR.2: /FOR\b/i
EACH.2: /EACH\b(?!\s*\.)/i
WHERE.2: /WHERE\b/i
ASSUMING.2: /ASSUMING\b/i
AND.2: /AND\b/i
OR.2: /OR\b/i
NOT.2: /NOT\b(?!\s*\.)/i
IS.2: /IS\b/i
IN.2: /IN\b/i
NULL.2: /NULL\b(?!\s*\.)/i
TRUE.2: /TRUE\b(?!\s*\.)/i
FALSE.2: /FALSE\b(?!\s*\.)/i
MATCH.2: /(LIKE|STARTS\s+WITH|ENDS\s+WITH|CONTAINS)\b/i
AGGREGATION.3: /(SUM|AVG|MIN|MAX|(COUNT|LIST)_DISTINCT|COUNT|FIRST|LAST|MEDIAN|MODE|STDDEV|EXISTS)(?=\s*\()/i
COMPARE: /==|!=|<>|<=|>=|=|<|>/
MINUS_INF.3: /-\s*INF(INITY)?\b/i
TYPED_TIME.3: /(DATE|TIMESTAMP)\s*'[^']*'/i
TIME.3: /\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?(?![\w-])/
NUMBER.1: /(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?(?!\w)/
NAME.1: /[^\W\d][\w$]*/
STRING: /'(?:[^'\\]|\\.|'')*'/s
DOUBLE_QUOTED: /"(?:[^"\\]|\\.|"")*"/s
BACKQUOTED: /`[^`]+`/
LPAR: "("
RPAR: ")"
COMMA: ","
DOT: "."
STAR: "*"
SLASH: "/"
PLUS: "+"
MINUS: "-"
SEMICOLON: ";"

%ignore /\s+/
"""

#: What each terminal is called when it was expected and something else came.
WORDS: Final[dict[str, str]] = {
    "AGGREGATION": "an aggregation",
    "BACKQUOTED": "a name",
    "COMMA": "','",
    "COMPARE": "a comparison",
    "DOT": "'.'",
    "DOUBLE_QUOTED": "a name",
    "LPAR": "'('",
    "MATCH": "a comparison",
    "IS": "a comparison",
    "IN": "IN",
    "MINUS": "arithmetic",
    "MINUS_INF": "a whole number",
    "NAME": "a name",
    "NUMBER": "a number",
    "PLUS": "arithmetic",
    "RPAR": "')'",
    "SEMICOLON": "the end of the query",
    "SLASH": "arithmetic",
    "STAR": "'*'",
    "STRING": "a text in quotes",
    "TIME": "a date",
    "TYPED_TIME": "a date",
    "NULL": "NULL",
    "TRUE": "TRUE",
    "FALSE": "FALSE",
    "$END": "the end of the query",
}
