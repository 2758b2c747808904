"""Cases in which something has no history: playlists to be continued, users new to a catalogue, new items."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.cases.collections import BACKWARDS, BEAUTY_GRAPH, BEAUTY_ITEMS, beauty
from benchmarks.cases.files import History
from benchmarks.cases.journey import Journey
from benchmarks.cases.next_purchase import NextPurchase
from benchmarks.cases.nouns import DATA, Ask, Case, Job, write

__all__ = ["COLD"]


class Playlists(Case):
    """Continue a playlist from its first tracks."""

    name = "playlists"
    title = "Playlist continuation"
    data = "5,000 ordered playlists, 20,635 tracks with artist and album"
    question = "PREDICT LIST_DISTINCT(playlist_tracks.track_id) RANK TOP 500 FOR EACH playlists.playlist_id"
    split = "of 1,000 playlists only the first 0, 1, 5 or 10 tracks are known, their tails are the test"
    k = 500
    metrics = ("r_precision", "ndcg")
    target = "best on R-precision and NDCG, at each length"
    peers = ("itemknn", "ials", "bpr", "byartist", "popularity")
    pooled = False

    def parts(self) -> tuple[str, ...]:
        """How many tracks of a test playlist are known."""
        return ("seeds-0", "seeds-1", "seeds-5", "seeds-10")

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """Other playlists whole, test playlists up to the length."""
        made, data, length = History(folder, truth, sample), DATA / "playlists", int(part.split("-")[1])
        made.run(  # a place of -1 is not known: such a track is none of the first ones
            f"CREATE TABLE parted AS SELECT *, hash(playlist_id, 7) % 5 = 0 AS tested, "
            f"pos >= 0 AND pos < {length} AS first FROM "
            f"'{data}/playlist_tracks.parquet' WHERE {made.kept('playlist_id')}"
        )
        made.run("CREATE VIEW known AS SELECT * EXCLUDE (tested, first) FROM parted WHERE NOT tested OR first")
        made.table("playlist_tracks", "SELECT * FROM known")
        made.table(
            "playlists",
            f"SELECT * FROM '{data}/playlists.parquet' WHERE playlist_id IN (SELECT playlist_id FROM parted)",
        )
        made.table("tracks", f"SELECT * FROM '{data}/tracks.parquet'")
        made.events("SELECT DISTINCT playlist_id AS user, track_id AS item FROM known")
        made.catalogue(f"SELECT track_id AS item, artist_id, album_id FROM '{data}/tracks.parquet'")
        made.truth(
            "SELECT playlist_id AS user, track_id AS item FROM parted p WHERE tested "
            "AND NOT first AND NOT EXISTS (FROM known k WHERE k.playlist_id = p.playlist_id "
            "AND k.track_id = p.track_id)"
        )
        Job(
            self.name, part, "ranking", "r_precision", Ask(query=self.question), k=500, depth=500,
            exclude_seen=True, split="random", notes={"attribute": "artist_id"},
        ).write(folder)  # fmt: skip


class CrossDomain(Case):
    """Users of one catalogue who are new to the other."""

    name = "cross-domain"
    title = "Cross-domain"
    data = "games and video of one shop (the split of CDRIB, ICDE 2022); 2,179 users are shared"
    question = "PREDICT LIST_DISTINCT(CATALOGUE_ratings.CATALOGUE_id) RANK TOP 10 FOR EACH users.user_id"
    split = "users without any row in the target catalogue, known from the other one; full ranking"
    k = 10
    metrics = ("ndcg", "hit_rate", "recall")
    target = "best on NDCG@10 both ways"
    peers = ("itemknn", "ease", "ials", "popularity")
    without_positives = "The peers see both catalogues as one and list items of the target alone."
    pooled = False

    def parts(self) -> tuple[str, ...]:
        """The target catalogue."""
        return ("game", "video")

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """Both training parts; users beyond the shared ones are other people in each catalogue."""
        made, folders = History(folder, truth, sample), {"game": "game_video", "video": "video_game"}
        for name, where in folders.items():
            person = f"CASE WHEN user_id < 2179 THEN 's' ELSE '{name[0]}' END || user_id"
            made.run(
                f"CREATE VIEW {name} AS SELECT {person} AS user_id, item_id AS {name}_id "
                f"FROM '{DATA}/cross-domain/{where}/train.parquet' WHERE {made.kept('user_id')}"
            )
            made.table(f"{name}_ratings", f"SELECT DISTINCT * FROM {name}")
        every = " UNION ALL ".join(
            f"SELECT DISTINCT user_id AS user, '{name}-' || {name}_id AS item FROM {name}" for name in folders
        )
        made.events(every)
        made.catalogue(
            " UNION ALL ".join(
                f"SELECT DISTINCT '{name}-' || item_id AS item FROM '{DATA}/cross-domain/{where}/{split}.parquet'"
                for name, where in folders.items()
                for split in ("train",)
            )
        )
        test = f"SELECT 's' || user_id AS user, '{part}-' || item_id AS item FROM "
        made.truth(f"{test} '{DATA}/cross-domain/{folders[part]}/test.parquet' WHERE {made.kept('user_id')}")
        made.only(f"SELECT DISTINCT '{part}-' || {part}_id AS item FROM {part}")
        ask = Ask(query=self.question.replace("CATALOGUE", part))
        Job(
            self.name, part, "ranking", "ndcg", ask, k=10, depth=10, split="random",
            notes={"prefix": f"{part}-"},
        ).write(folder)  # fmt: skip


class ColdItems(Case):
    """A tenth of the items stripped of all links before the test anchor."""

    name = "cold-items"
    title = "Cold items"
    data = "The Complete Journey at 2017-12-17, and Amazon Beauty; a random tenth of the items has no past link"
    question = "the queries of next purchase and next item"
    split = "users who go on to have a cold item; only the cold items are listed and count"
    k = 50
    metrics = ("recall", "ndcg")
    target = "best on Recall@50 among the cold"
    peers = ("content", "popularity")
    pooled = False

    def parts(self) -> tuple[str, ...]:
        """The data set."""
        return ("journey", "beauty")

    def prepare(self, part: str, folder: Path, truth: Path, sample: float) -> None:
        """The cold items keep their attributes and lose their rows."""
        made = History(folder, truth, sample)
        job = self._journey(made, sample) if part == "journey" else self._beauty(made)
        job.write(folder)

    def _journey(self, made: History, sample: float) -> Job:
        cut, cold = "2017-12-17", "hash(product_id, 11) % 10 = 0"
        query = NextPurchase.question.replace("TOP 12", "TOP 50")
        with Journey(sample) as data:
            data.export(cut, made.folder / "tables", {"transactions": f"NOT ({cold})"})
            write(data.events(cut, f"NOT ({cold})"), made.folder / "events.parquet")
            write(data.catalogue(), made.folder / "catalogue.parquet")
            after = data.query(
                f"SELECT household_id AS user, product_id AS item FROM transactions WHERE {cold} AND "
                f"transaction_timestamp > TIMESTAMP '{cut}' AND transaction_timestamp <= TIMESTAMP '{cut}' + "
                "INTERVAL 7 DAY AND product_id IN (SELECT product_id FROM products)"
            )
            write(
                data.query(f"SELECT product_id AS item FROM products WHERE {cold}"), made.folder / "only.parquet"
            )
        write(after, made.folder.parent / "after.parquet")
        made.truth(f"SELECT * FROM '{made.folder.parent / 'after.parquet'}'", f"TIMESTAMP '{cut}'")
        return Job(
            self.name, "journey", "ranking", "recall", Ask(query=query, until=cut), k=50, depth=3000, cut=cut,
            horizon_days=7, notes={"cold": True},
        )  # fmt: skip

    def _beauty(self, made: History) -> Job:
        cold = "hash(item_id, 11) % 10 = 0"
        beauty(made)
        made.run(f"CREATE VIEW warm AS SELECT * FROM known WHERE NOT ({cold})")
        made.table("interactions", "SELECT * FROM warm")
        made.table("items", f"SELECT item AS item_id FROM ({BEAUTY_ITEMS})")
        made.table("item_attributes", f"SELECT * FROM '{DATA}/amazon-beauty/item_attributes.parquet'")
        made.events(
            "SELECT user_id AS user, item_id AS item, happened AS moment FROM "
            f"({BACKWARDS.replace('FROM known', 'FROM warm')})"
        )
        made.catalogue(BEAUTY_ITEMS)
        made.truth(f"SELECT user_id AS user, item_id AS item FROM latest WHERE {cold}", "TIMESTAMP '2020-01-01'")
        made.only(f"SELECT item FROM ({BEAUTY_ITEMS}) WHERE hash(item, 11) % 10 = 0")
        query = "PREDICT LIST_DISTINCT(interactions.item_id, 0, 1, days) RANK TOP 50 FOR EACH users.user_id"
        ask = Ask(query=query, overrides=BEAUTY_GRAPH, until="2020-01-01")
        return Job(
            self.name, "beauty", "ranking", "recall", ask, k=50, depth=3000, split="last", cut="2020-01-01",
            horizon_days=1, notes={"cold": True},
        )  # fmt: skip


COLD: Final = (Playlists(), CrossDomain(), ColdItems())
