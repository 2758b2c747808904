"""The pages over the small shop: who sees them, what they show, what their forms do."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from serving_shop import schema

from edgewise.schema.model import Column, Link, Problem, Schema, Table
from edgewise.serving.access import Access, Scope
from edgewise.serving.pages.layout import lay_out, layers_of
from edgewise.serving.pages.picture import draw
from edgewise.serving.pages.session import Sessions
from edgewise.serving.server import LOOPBACK, free_port, run_server
from edgewise.serving.verbs import search_of, verbs_of
from edgewise.stypes import SType

HERE = {"Origin": "http://localhost"}
PAGES = ("/preview", "/preview?user=3&beside=4&show=playlists", "/graph", "/models", "/sign-in")


def keys_shown(page: str) -> list[str]:
    """The things on a page, in their order."""
    return re.findall(r'data-key="([^"]+)"', page)


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_landmarks_labels_and_a_strict_policy(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    page, policy = answer.text, answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert page.count("<main") == page.count("<h1") == 1
    assert '<html lang="en">' in page
    labels = set(re.findall(r'<label[^>]*for="([^"]+)"', page))
    fields = {
        re.search(r'id="([^"]+)"', tag)[1]  # type: ignore[index]  # a field without an id fails here
        for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page)
        if 'type="hidden"' not in tag
    }
    assert fields <= labels
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_page_changes_with_an_event_and_a_look_is_no_exposure(client: TestClient) -> None:
    before = keys_shown(client.get("/preview?user=3").text)
    assert before
    form = {"who": "3", "user": "3", "kind": "tracks", "key": "57", "table": "listens", "title": "Track 57"}
    answer = client.post("/preview/event", data=form, headers=HERE)
    assert answer.status_code == 200  # after the redirect
    assert "Recorded: Listen of Track 57." in answer.text
    assert keys_shown(answer.text)[0] == "tracks/57"
    assert "Lately: Track 57" in answer.text
    tenant = client.service.tenants["main"]  # type: ignore[attr-defined]
    tenant.exposures.flush()
    assert not tenant.exposures.segments()


def test_what_a_form_cannot_mean_is_refused_as_a_page(client: TestClient) -> None:
    wrong: list[tuple[str, dict[str, str]]] = [
        ("/preview/event", {"who": "3", "kind": "tracks", "key": "5", "table": "users"}),
        ("/preview/event", {"who": "", "kind": "tracks", "key": "5", "table": "listens"}),
        ("/preview/event", {"who": "3", "kind": "tracks", "key": "<b>", "table": "listens"}),
        ("/preview/event", {"who": "3\0", "kind": "tracks", "key": "5", "table": "listens"}),
        ("/preview/search", {"who": "3", "text": "quiet"}),
        ("/preview/word", {"who": "3", "kind": "tracks", "key": "5", "word": "shout"}),
        ("/models/swap", {"run": "broken"}),
        ("/models/experiment", {"run": "v2", "share": "half"}),
    ]
    for path, form in wrong:
        answer = client.post(path, data=form, headers=HERE)
        assert answer.status_code in (400, 409, 422), path
        assert 'role="alert"' in answer.text
        assert "<b>" not in answer.text.partition("<main")[2]
    assert client.get("/preview?user=%00").status_code == 422
    assert client.get("/static/..%2Fpages.css").status_code == 404
    assert client.post("/preview/event", content=b"\xff=\xfe", headers=HERE).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://elsewhere"}, {"Origin": "null"}, HERE | {"Sec-Fetch-Site": "cross-site"}],
)
def test_forms_of_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    form = {"who": "3", "kind": "tracks", "key": "57", "table": "listens"}
    assert client.post("/preview/event", data=form, headers=headers).status_code == 403
    assert client.service.tenants["main"].log.position() == 0  # type: ignore[attr-defined]


def test_titles_are_text_and_never_markup(client: TestClient) -> None:
    page = client.get("/preview", params={"user": '"><script>alert(1)</script>', "said": "<img src=x>"}).text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_pages_need_an_administrator_who_signs_in(client_of: Callable[..., TestClient], tmp_path: Path) -> None:
    access = Access(tmp_path / "keys.json")
    reader, admin = access.add("main", [Scope.READ]), access.add("main", [Scope.ADMIN])
    client = client_of("main", access=access)
    refused = client.get("/graph", follow_redirects=False)
    assert (refused.status_code, refused.headers["location"]) == (303, "/sign-in?next=/graph")
    assert client.post("/sign-in", data={"key": "ew_no_no"}, headers=HERE).status_code == 401
    assert client.post("/sign-in", data={"key": reader}, headers=HERE).status_code == 403
    assert not client.cookies
    elsewhere = {"key": admin, "next": "//elsewhere"}
    answer = client.post("/sign-in", data=elsewhere, headers=HERE, follow_redirects=False)
    assert answer.headers["location"] == "/preview"
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))
    assert admin not in answer.headers["set-cookie"]
    assert client.get("/graph", follow_redirects=False).status_code == 200
    access.revoke(admin.split("_")[1])
    assert client.get("/graph", follow_redirects=False).status_code == 303


def test_signing_out_ends_the_session() -> None:
    sessions = Sessions()
    token = sessions.begin("ew_a_b")
    assert sessions.key(token) == "ew_a_b"
    sessions.end(token)
    assert sessions.key(token) is sessions.key(None) is None


def test_users_are_found_drawn_and_made(client: TestClient) -> None:
    assert client.get("/preview/users.json?q=3").json()["users"][:2] == ["3", "30"]
    drawn = client.get("/preview/random?show=playlists", follow_redirects=False).headers["location"]
    assert re.fullmatch(r"/preview\?user=\d+&show=playlists", drawn)
    assert client.get("/preview/new", follow_redirects=False).headers["location"] == "/preview?user=40"
    assert "Somebody new: 40" in client.get("/preview?user=40").text


def test_models_are_swapped_compared_and_rolled_back(client: TestClient) -> None:
    page = client.post("/models/swap", data={"run": "v2"}, headers=HERE).text
    assert "v2 answers now" in page
    assert "Roll back to v1" in page
    both = client.get("/preview?user=3&beside=3&model2=before").text
    assert "model v2" in both
    assert "model v1" in both
    assert "Rolled back" in client.post("/models/roll-back", headers=HERE).text
    tried = client.post("/models/experiment", data={"run": "v3", "share": "20"}, headers=HERE).text
    assert "v3" in tried
    assert "20% of the users" in tried
    assert "The experiment is over" in client.post("/models/experiment/end", headers=HERE).text


def test_what_is_read_of_people_now_stands_beside_what_was(client: TestClient) -> None:
    assert "Nobody has done anything in the last 28 days" in client.get("/models").text
    for user in range(25):
        body = {"id": f"e{user}", "table": "listens", "values": {"user_id": user, "track_id": 3}}
        assert client.post("/v1/events", json=body).status_code < 300
    page = client.get("/models").text
    found = re.search(r'<th scope="row">tracks</th><td class="right">(\d+)</td>(.*?)</tr>', page, re.DOTALL)
    assert found is not None
    assert found[1] == "25"  # read ten at a time
    assert "songs heard 2.50, score 0.00" in found[2]
    assert '<td class="right">2</td><td class="right">1</td>' in found[2]


def test_verbs_are_the_events_that_join_users_and_things() -> None:
    found = verbs_of(schema(), "users", "tracks")
    assert [(v.table, v.user, v.thing, v.label) for v in found] == [("listens", "user_id", "track_id", "Listen")]
    assert verbs_of(schema(), "users", "podcasts") == []
    assert search_of(schema(), "users") is None
    text = Column("text", "string", SType.TEXT)
    tables = schema().tables | {
        "searches": Table("searches", (Column("who", "int64", SType.ID), text), 0, time="at")
    }
    searching = Schema(tables, (*schema().links, Link("searches", "who", "users")))
    found_search = search_of(searching, "users")
    assert found_search is not None
    assert (found_search.table, found_search.user, found_search.text) == ("searches", "who", "text")


def graph_of(links: str) -> Schema:
    """A schema from words such as `a>b b>c`."""
    pairs = [tuple(word.split(">")) for word in links.split()]
    names = sorted({name for pair in pairs for name in pair})
    tables = {n: Table(n, (Column("id", "int64", SType.ID),), 3, "id") for n in names}
    return Schema(tables, tuple(Link(a, f"{b}_{i}", b) for i, (a, b) in enumerate(pairs)))


@pytest.mark.parametrize("links", ["a>b b>c a>c", "a>a", "a>b b>a", "e>u e>t t>a t>b b>a s>u f>u f>a"])
def test_links_never_pass_behind_a_box(links: str) -> None:
    made = graph_of(links)
    assert sorted(name for layer in layers_of(made) for name in layer) == sorted(made.tables)
    layout = lay_out(made, dict.fromkeys(made.tables, 60.0))
    places: list[Any] = [*layout.tables.values(), *(lane for way in layout.lanes.values() for lane in way)]
    for i, one in enumerate(places):
        assert one.y >= 0
        assert one.y + one.height <= layout.height
        for other in places[i + 1 :]:
            apart = one.y + one.height <= other.y or other.y + other.height <= one.y
            assert one.x != other.x or apart
    assert draw(made).count('class="wire"') == len(made.links)


def test_problems_are_in_the_picture_and_names_are_escaped() -> None:
    odd = replace(graph_of("a>b"), problems=(Problem("x", "a", None, 2, "m", "r"),))
    assert "1 problem<" in draw(odd)
    named = Schema({"<x>": Table("<x>", (), 0)}, ())
    assert "<x>" not in draw(named)


def test_a_server_says_that_it_listens_once_it_does() -> None:
    port, heard, interval = free_port(LOOPBACK, 8400), [], sys.getswitchinterval()

    def ready() -> None:
        socket.create_connection((LOOPBACK, port), timeout=5).close()
        heard.append(port)
        os.kill(os.getpid(), signal.SIGINT)

    with contextlib.suppress(KeyboardInterrupt):  # ignored in a parallel run
        run_server(FastAPI(), LOOPBACK, port, ready)
    sys.setswitchinterval(interval)
    assert heard == [port]


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) != port
