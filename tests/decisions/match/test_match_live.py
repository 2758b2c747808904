"""What was decided, as it stands when others took something since."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from edgewise.decisions.decided.nouns import Decided
from edgewise.decisions.match.live import Board
from edgewise.decisions.match.propose import propose
from edgewise.sources.database import open_database
from edgewise.worlds.lodging import LodgingOptions, lodging


def decided() -> Decided:
    """Two who look; offer 7 has two places, offer 8 one."""
    world = lodging(LodgingOptions(guests=600, hosts=30, new_hosts=2, places=3, weeks=5))
    with open_database(world.tables) as database:
        entry = propose(database.schema)
    lists = pa.table(
        {
            "search_id": [1, 1, 2, 2],
            "guest_id": [10, 10, 11, 11],
            "position": [1, 2, 1, 2],
            "listing_id": [8, 7, 7, 8],
            "booking": [0.2, 0.1, 0.3, 0.2],
            "newcomer": [False, True, True, False],
            "left": [1, 2, 2, 1],
        }
    )
    days = [dt.date(2024, 5, 1), dt.date(2024, 5, 3)]
    asks = pa.table({"search_id": [1, 2], "guest_id": [10, 11], "begins": days, "days": [3, 2]})
    tables = {"lists": lists, "asks": asks}
    return Decided("match", "lodging", 0, entry.model_dump(mode="json"), tables, ())


def offers(board: Board, asker: str) -> list[tuple[int, int, int]]:
    return [(one.offer, one.position, one.left) for one in board.of(asker)]


def test_what_others_asked_for_is_held_until_it_is_refused() -> None:
    board = Board(decided())
    assert offers(board, "11") == [(7, 1, 2), (8, 2, 1)]
    board.observe("requests", {"request_id": 5, "search_id": 1, "listing_id": 8}, "5")
    assert offers(board, "11") == [(7, 1, 2)]
    assert offers(board, "10") == [(8, 1, 1), (7, 2, 2)]  # one's own request takes nothing away
    board.observe("requests", {"request_id": 6, "search_id": 1, "listing_id": 7}, "6")
    assert offers(board, "11") == [(7, 1, 1)]
    board.observe("answers", {"request_id": 6, "accepted": True})
    board.observe("answers", {"request_id": 5, "accepted": False})
    assert offers(board, "11") == [(7, 1, 1), (8, 2, 1)]


def test_only_days_that_overlap_count() -> None:
    board = Board(decided())
    board.observe("searches", {"search_id": 3, "check_in": "2024-05-05", "nights": 4}, "3")
    board.observe("requests", {"search_id": 3, "listing_id": 8}, "9")
    assert offers(board, "11") == [(7, 1, 2), (8, 2, 1)]
    board.observe("searches", {"search_id": 4, "check_in": "2024-05-04", "nights": 1}, "4")
    board.observe("requests", {"search_id": 4, "listing_id": 8}, "12")
    assert offers(board, "11") == [(7, 1, 2)]
    assert offers(board, "10") == [(8, 1, 1), (7, 2, 2)]  # their stay ends on the 4th


def test_somebody_who_did_not_look_has_no_list() -> None:
    assert offers(Board(decided()), "99") == []


def test_who_is_forgotten_has_no_list_and_holds_nothing() -> None:
    board = Board(decided())
    board.observe("searches", {"search_id": 3, "guest_id": 10, "check_in": "2024-05-03", "nights": 4}, "3")
    board.observe("requests", {"search_id": 3, "listing_id": 8}, "9")
    board.observe("requests", {"search_id": 1, "listing_id": 7}, "10")
    assert offers(board, "11") == [(7, 1, 1)]
    board.forget("10")
    assert offers(board, "10") == []
    assert offers(board, "11") == [(7, 1, 2), (8, 2, 1)]
    board.observe("requests", {"search_id": 1, "listing_id": 7}, "12")  # of a search that nobody knows any more
    assert offers(board, "11") == [(7, 1, 2), (8, 2, 1)]
