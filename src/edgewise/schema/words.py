"""The words that names of tables and columns are made of. Data only; the rules that use them are elsewhere."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ABOUT_LATER",
    "AMOUNTS",
    "BAD_TIMES",
    "CATEGORY_WORDS",
    "CLOCK_WORDS",
    "CODE_SUFFIXES",
    "ENTITY_NOUNS",
    "EVENT_TIMES",
    "GLUED_ID_EXCEPTIONS",
    "GLUED_KEY_EXCEPTIONS",
    "ID_SUFFIXES",
    "IRREGULAR_PLURALS",
    "LATE_TIMES",
    "LINE_NUMBERS",
    "MEASURES",
    "NULL_MARKERS",
    "PEOPLE",
    "PERSONAL",
    "PERSON_ROLES",
    "PLACES",
    "PLACE_ROLES",
    "SELF_ROLES",
    "START_TIMES",
    "TABLE_DECORATION",
    "TIME_WORDS",
    "TITLE_WORDS",
    "WRITTEN_WORDS",
]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Last words of a column that names a row.
ID_SUFFIXES: Final = _set("id ids uuid guid key fk pk sk oid upc ean gtin isbn asin sku uri")
#: Last words of a column that may name a row, or may be a plain property: only believed beside a table.
CODE_SUFFIXES: Final = _set(
    "code no nr number ref iata icao iso iso2 iso3 slug symbol ticker handle login via name"
)
#: Lower-case words that end in "id" and hold no identifier.
GLUED_ID_EXCEPTIONS: Final = _set(
    "paid unpaid prepaid valid invalid grid covid android fluid solid humid raid avoid acid hybrid liquid "
    "rapid void orchid asteroid said laid braid afraid stupid vivid lucid rigid timid candid splendid pyramid "
    "mermaid maid steroid typhoid thyroid plasmid lipid amid overpaid repaid arid plaid squid druid cuboid "
    "ovoid bid kid lid"
)
#: Words that end in "key" and are none.
GLUED_KEY_EXCEPTIONS: Final = _set(
    "monkey turkey hockey donkey whiskey jockey turnkey hotkey lackey mickey smokey"
)
#: Words around the noun of a table's name.
TABLE_DECORATION: Final = _set(
    "tbl table dim fact fct stg staging raw src dataset data csv vw view t tb ods dwh mart"
)
#: Singular to plural where adding letters is not enough.
IRREGULAR_PLURALS: Final = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "mouse": "mice", "goose": "geese",
    "foot": "feet", "tooth": "teeth", "criterion": "criteria", "index": "indices", "matrix": "matrices",
    "vertex": "vertices", "analysis": "analyses", "status": "statuses", "bus": "buses", "virus": "viruses",
    "bonus": "bonuses", "campus": "campuses", "movie": "movies", "cookie": "cookies", "calorie": "calories",
    "shelf": "shelves", "knife": "knives", "wife": "wives", "leaf": "leaves", "half": "halves", "life": "lives",
    "hero": "heroes", "potato": "potatoes", "series": "series", "species": "species", "news": "news",
    "staff": "staff", "equipment": "equipment", "media": "media", "data": "data", "shoe": "shoes",
      "quiz": "quizzes",
    "medium": "media", "alumnus": "alumni", "lens": "lenses", "gas": "gases", "tie": "ties", "pie": "pies",
    "sheep": "sheep", "fish": "fish", "aircraft": "aircraft", "phenomenon": "phenomena", "thesis": "theses",
    "basis": "bases", "crisis": "crises", "axis": "axes", "diagnosis": "diagnoses", "octopus": "octopuses",
}  # fmt: skip

#: Columns that hold the other person of a pair, and tables of people they may mean, best first.
PERSON_ROLES: Final = _set(
    "friend follower followee following followed sender receiver recipient author owner creator manager "
    "supervisor boss referrer referred referee inviter invitee assignee reporter buyer seller host guest "
    "mentor spouse partner approver reviewer requester editor uploader blocker blocked rep agent salesperson "
    "clerk to_user from_user created updated modified deleted approved assigned invited reports payer payee "
    "voter viewer liker caller callee committer contributor poster commenter rater booker renter borrower "
    "lender tenant landlord donor coach captain collaborator moderator inspector instructor lecturer advisor "
    "adviser tutor lead leader organizer organiser handler responsible submitter"
)
PEOPLE: Final = (
    "user", "member", "person", "people", "employee", "staff", "customer", "account", "profile", "client",
      "contact",
    "player", "student", "individual", "party", "agent", "worker", "guest", "host", "subscriber", "visitor",
      "patient",
    "passenger", "rider",
)  # fmt: skip
#: Columns that name another row of the same table.
SELF_ROLES: Final = _set(
    "parent root ancestor child prev previous next original duplicate reply replied predecessor successor "
    "superior answer accepted solution retweet retweeted quoted forwarded merged replaces replaced manager "
    "supervisor reports boss mentor spouse"
)
#: Columns that name a place of a journey, and tables of places.
PLACE_ROLES: Final = _set(
    "origin destination dest departure arrival from to source target src dst dep arr pickup dropoff start end"
)
PLACES: Final = (
    "airport", "station", "stop", "location", "place", "city", "port", "node", "hub", "site", "zone", "warehouse",
    "terminal", "depot",
)  # fmt: skip
#: Nouns that stand for a row even without an id suffix.
ENTITY_NOUNS: Final = _set(
    "user item product customer store shop session visitor client member account movie book song track artist "
    "patient driver device sensor household seller buyer merchant article player team employee student "
    "vehicle basket"
)
#: Words of plain numbers: never a reference without an id suffix.
AMOUNTS: Final = _set(
    "order number no rank position pos level age round year month week day hour minute quarter season size "
    "count score rating weight class grade quantity qty amount total price cost value points wins laps length "
    "width height duration line seq sequence index page version priority stage step group type status state "
    "category kind"
)

#: Words that say that a column is about time at all.
TIME_WORDS: Final = _set(
    "time timestamp ts date datetime at on day dt when created unixtime epoch utc since dttm moment timestmp"
)
#: Moments at which the row itself comes about.
EVENT_TIMES: Final = _set(
    "created create creation inserted insert added registered register registration signup signed joined join "
    "occurred happened event logged recorded measured posted placed purchased purchase ordered order booked "
    "booking published visited visit viewed clicked issued submitted opened reported sent received captured "
    "observed listened played watched rated reviewed transacted transaction rental rented payment paid "
    "invoice admission admitted hire hired enrolled enrolment enrollment reading sale sold search searched "
    "login logon redemption redeemed"
)
#: Moments at which what the row describes begins.
START_TIMES: Final = _set(
    "start started begin began starts begins effective from launch launched release released open"
)
#: Moments after the row came about; used only where the table has no other.
LATE_TIMES: Final = _set(
    "shipped delivered delivery ship completed complete returned return cancelled canceled resolved finished "
    "processed approved confirmed picked arrival arrived departed discharge discharged checkout checkin "
    "refunded settled fulfilled archived"
)
#: Never the time of a row: births, ends, deadlines, plans, and marks of the last change.
BAD_TIMES: Final = _set(
    "birth dob birthday birthdate bday born death died dod end ended ends expiry expires expire expired "
    "expiration due deadline required expected planned scheduled estimated estimate eta until thru last "
    "latest updated update modified modification changed closed close deleted churned churn next renewal "
    "termination terminated to valid_to promised target projected final max lastmod deactivated first_seen "
    "retired left"
)
#: Integer columns that count periods.
CLOCK_WORDS: Final = _set(
    "week wk day d month mon mth period quarter qtr year yr yearmonth yearweek dayno weekno t tick dateid "
    "date time sprint"
)
#: Columns of a composite key that number lines.
LINE_NUMBERS: Final = _set(
    "line seq sequence number no nr pos position index item_no row step rank ordinal num order"
)

#: Integers with these last words are labels, not amounts.
CATEGORY_WORDS: Final = _set(
    "type status category subcategory code class subclass zip zipcode postcode postal gender sex flag kind "
    "group segment channel region state country cluster label mode method pin cat tier department dept "
    "section genre color colour brand"
)
#: Texts with these last words are written as a whole, however few words they are made of.
TITLE_WORDS: Final = _set(
    "title name description headline subject text caption comment summary note message body question query"
)
#: Last words of columns that people write, and may write again: a search comes twice and is no category.
WRITTEN_WORDS: Final = _set("text comment message note body question query search review feedback remark answer")
#: Last words of columns that hold measured amounts of a period.
MEASURES: Final = _set(
    "sales sale units unit sold revenue demand volume visits clicks count total traffic orders views amount "
    "turnover consumption quantity qty impressions sum"
)
#: Columns of dimensions that tell what happened later.
ABOUT_LATER: Final = _set(
    "lifetime ltv clv churn churned closed cancelled canceled total cumulative final outcome last latest ever "
    "terminated deactivated discharged resolved refunded returned retired deceased expired end ended until "
    "converted dropout attrition future"
)
#: Columns with data about people.
PERSONAL: Final = {
    "email": "e-mail addresses", "mail": "e-mail addresses", "phone": "phone numbers", "mobile": "phone numbers",
    "telephone": "phone numbers", "fax": "phone numbers", "firstname": "names of people",
      "lastname": "names of people",
    "surname": "names of people", "forename": "names of people", "fullname": "names of people",
      "ssn": "identity numbers",
    "passport": "identity numbers", "iban": "bank accounts", "street": "postal addresses",
      "address": "postal addresses",
    "dob": "dates of birth", "birthday": "dates of birth", "birthdate": "dates of birth",
      "birth": "dates of birth",
    "password": "passwords", "ip": "network addresses",
}  # fmt: skip
#: Texts that mean that there is no value.
NULL_MARKERS: Final = _set(r"\N null nan na n/a nil #n/a <na> - ? (null)") | {""}
