"""The fields of a project file (`project.yaml`). Names of tables and columns are checked in `check`."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from edgewise.decisions.assort.entry import AssortEntry
from edgewise.decisions.forecast.entry import ForecastEntry
from edgewise.decisions.match.entry import MatchEntry
from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.project.rules import RuleEntry
from edgewise.decisions.trends.entry import TrendsEntry

__all__ = [
    "PROJECT",
    "CollectionEntry",
    "DecidingFile",
    "DecisionsEntry",
    "HomeEntry",
    "ItemEntry",
    "ListsEntry",
    "PeopleEntry",
    "ProjectFile",
    "ShelfEntry",
    "ShelfKind",
    "SurfacesEntry",
]

#: What a project file is called in its folder.
PROJECT: Final = "project.yaml"

#: The kinds of shelves; `home.shelves` makes each.
ShelfKind = Literal[
    "for_you", "because", "again", "back", "new", "new_from", "more", "popular", "together", "collections",
    "mixes", "across", "searched", "inside",
]  # fmt: skip
ListKind = Literal["new_to_you", "mixes", "on_repeat", "new_releases"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Columns = Annotated[list[str], BeforeValidator(_listed)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PeopleEntry(_Entry):
    """Those who are served."""

    table: str = Field(description="The table of the people.")
    age: str | None = Field(default=None, description="The column of their age in years, for rules on age.")
    region: str | None = Field(default=None, description="The column of their region, for rules on regions.")


class ItemEntry(_Entry):
    """One kind of things: a table of items. Columns are the table's own, or `table.column` of one it links to."""

    title: Columns = Field(description="The column with a thing's title, or several to be joined.")
    one: str | None = Field(
        default=None, description="The word for one thing; by default the table's name without its s."
    )
    many: str | None = Field(default=None, description="The word for several; by default the table's name.")
    creator: str | None = Field(default=None, description="Who made it: an artist, a brand, a publisher.")
    creators: str | None = Field(default=None, description="The word for several creators.")
    category: str | None = Field(default=None, description="The category that people's own mix is measured in.")
    supplier: str | None = Field(default=None, description="Who supplies it, for quotas.")
    picture: str | None = Field(default=None, description="The address of a picture.")
    duration: str | None = Field(default=None, description="How long it lasts, in seconds.")
    released: str | None = Field(default=None, description="When it came out; by default the table's time.")
    attributes: list[str] = Field(
        default=[], description="Numbers that say what it is like: tempo, energy, price."
    )
    search: list[str] = Field(
        default=[], description="Further columns that search reads beside title, creator and category."
    )
    did: str = Field(default="chose", description="What people did with it, after 'you': listened to, bought.")
    again: str = Field(default="Once more", description="The title of the shelf of what is due again.")
    follow: str = Field(default="know", description="What people do with its creators, after 'you': follow.")


class CollectionEntry(_Entry):
    """Ready-made collections of things, such as playlists: a table of its own and one that links it to items."""

    title: Columns = Field(description="The column with a collection's title, or several to be joined.")
    links: str = Field(description="The table that has a row for each thing in a collection.")
    items: str = Field(description="The table of the things.")
    many: str | None = Field(default=None, description="The word for several; by default the table's name.")
    created: str | None = Field(
        default=None, description="When it was made or begins; by default the table's time."
    )
    ends: str | None = Field(default=None, description="When it ends and is shown no more, the day included.")
    people: str | None = Field(
        default=None, description="A table that ties people to collections, which then are theirs alone."
    )


class ShelfEntry(_Entry):
    """A shelf that a page may have."""

    shelf: ShelfKind = Field(description="What kind of shelf it is.")
    kind: str = Field(description="The table of the things on it.")
    title: str | None = Field(
        default=None,
        description="Another title; {thing}, {category}, {creator}, {region} and {words} are filled in.",
    )
    weight: float = Field(default=1.0, gt=0, description="How much its things count beside those of others.")
    most: int = Field(default=1, ge=1, le=10, description="How many shelves of this entry a page may have.")
    at: int | None = Field(default=None, ge=1, description="A fixed place on the page, from 1.")
    by: str = Field(
        default="category", description="What shelves of `more` go by: category, creator, supplier or a column."
    )
    source: str | None = Field(
        default=None,
        description="For `across`: the kind whose past speaks for taste. For `inside`: the table of collections.",
    )


class HomeEntry(_Entry):
    """The homepage."""

    shelves: int = Field(default=8, ge=1, le=40, description="How many shelves a page has at most.")
    things: int = Field(default=12, ge=1, le=60, description="How many things a shelf has at most.")
    least: int = Field(default=4, ge=1, description="With fewer things than this, a shelf is left out.")
    diversity: Share = Field(
        default=0.3, description="From 0, the best things, to 1, things as different as may be."
    )
    calibration: Share = Field(
        default=0.3, description="How much the page keeps to the person's own mix of categories."
    )
    explore: Share | None = Field(
        default=None,
        description="The share of places that go to a candidate drawn by chance; by default what is served says.",
    )
    half_life: float = Field(default=30.0, gt=0, description="After how many days an event counts half for taste.")
    fresh: float = Field(default=28.0, gt=0, description="For how many days a release is new.")
    show: list[ShelfEntry] = Field(
        default=[], description="The shelves to choose from; by default all that make sense."
    )


class ListsEntry(_Entry):
    """Curated playlists."""

    kind: str = Field(description="The table of the things in the lists.")
    lists: list[ListKind] = Field(
        default=["new_to_you", "mixes", "on_repeat", "new_releases"], description="Which lists there are."
    )
    length: int = Field(default=30, ge=1, le=500, description="How many things a list has at most.")
    gap: int = Field(default=4, ge=1, description="Among so many things in a row, no creator comes twice.")
    mixes: int = Field(default=5, ge=1, le=12, description="How many mixes by taste there are at most.")


class SurfacesEntry(_Entry):
    """What is shown."""

    home: HomeEntry = Field(default=HomeEntry(), description="The homepage.")
    playlists: ListsEntry | None = Field(default=None, description="Curated playlists; none where left out.")


class DecisionsEntry(_Entry):
    """Batch decisions. What is not declared is proposed by the tables when it is asked for."""

    folder: str = Field(
        default="decided", description="The folder of what was decided, seen from the project file."
    )
    assort: AssortEntry | None = Field(default=None, description="Which articles each store carries.")
    forecast: ForecastEntry | None = Field(default=None, description="Demand ahead, and what is ordered.")
    match: MatchEntry | None = Field(default=None, description="Whom of one side is offered to whom of the other.")
    notify: NotifyEntry | None = Field(default=None, description="Whom to send what, when and on which channel.")
    trends: TrendsEntry | None = Field(default=None, description="What is watched for rises and falls.")


class DecidingFile(_Entry):
    """What batch decisions need of a project file."""

    name: str = Field(description="What the project is called.")
    source: str = Field(description="Where the tables are: a folder, a file, an address, a built-in world.")
    graph: str | None = Field(default=None, description="A graph file that overrides what is inferred.")
    tenant: str = Field(
        default="main", pattern=r"^[\w-]+$", description="Whose project it is; kept apart from all others."
    )
    random_seed: int = Field(default=0, ge=0, description="What chance is drawn from.")
    decisions: DecisionsEntry = Field(
        default=DecisionsEntry(), description="Batch decisions: messages, assortments, orders, matches, trends."
    )


class ProjectFile(DecidingFile):
    """A whole project file. One that only decides, and serves nothing, may leave out `people` and `items`."""

    people: PeopleEntry = Field(description="Those who are served.")
    runs: dict[str, str] = Field(default={}, description="The run that ranks things of a kind, by table.")
    items: dict[str, ItemEntry] = Field(min_length=1, description="The kinds of things, by table.")
    collections: dict[str, CollectionEntry] = Field(default={}, description="Ready-made collections, by table.")
    surfaces: SurfacesEntry = Field(default=SurfacesEntry(), description="What is shown.")
    rules: list[RuleEntry] = Field(default=[], description="What may be shown, and what comes first.")
