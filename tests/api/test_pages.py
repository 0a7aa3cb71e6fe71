"""Pages and health: what a person and an operator see."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.api.serving import Served, serving

TEMPLATE = """<script id="headrace-config" type="application/json">__HEADRACE_CONFIG__</script>"""
EVIL = "</script><script>alert(1)</script>"


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "graphiql").mkdir()
    (tmp_path / "graphiql" / "index.html").write_text(TEMPLATE)
    (tmp_path / "graphiql" / "app.js").write_text("let x;")
    return tmp_path


async def config(served: Served) -> dict[str, object]:
    async with served.client(accept="text/html,application/xhtml+xml,*/*;q=0.8") as client:
        response = await client.get("/graphql")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in response.headers["content-security-policy"]
    (text,) = re.findall(r">(.*)</script>", response.text)
    assert "<" not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


async def test_a_browser_gets_graphiql_with_a_token_for_each_role_in_development(
    static: Path,
) -> None:
    def tokens() -> Mapping[str, str]:
        return {"admin": "a.b.c", EVIL: "d"}

    async with serving(jwt_secret=None, static=static, tokens=tokens) as served:
        assert await config(served) == {
            "path": "/graphql",
            "defaultHeaders": '{"Authorization":"Bearer a.b.c"}',
            "defaultQuery": "",
            "tokens": {"admin": "a.b.c", EVIL: "d"},
        }


async def test_with_a_key_configured_no_token_is_ever_shown(static: Path) -> None:
    async with serving(static=static, tokens=lambda: {"admin": "a.b.c"}) as served:
        assert await config(served) == {
            "path": "/graphql",
            "defaultHeaders": None,
            "defaultQuery": "",
            "tokens": None,
        }


async def test_a_page_that_is_not_built_says_how_to(tmp_path: Path) -> None:
    async with serving(static=tmp_path) as served, served.client(accept="text/html") as client:
        response = await client.get("/graphql")
        assert response.status_code == 503
        assert "make graphiql" in response.text


async def test_static_files_are_served_and_nothing_beside_them(static: Path) -> None:
    (static.parent / "secret").write_text("secret")
    async with serving(static=static) as served, served.client() as client:
        response = await client.get("/static/graphiql/app.js")
        assert (response.status_code, response.text) == (200, "let x;")
        assert response.headers["x-content-type-options"] == "nosniff"
        etag = {"if-none-match": response.headers["etag"]}
        assert (await client.get("/static/graphiql/app.js", headers=etag)).status_code == 304
        for path in ("/static/nothing", "/static/../secret", "/static/%2e%2e/secret", "/static/"):
            assert (await client.get(path)).status_code in (400, 404)


async def test_the_index_says_where_things_are() -> None:
    async with serving() as served, served.client() as client:
        response = await client.get("/")
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        for path in re.findall(r'href="([^"]+)"', response.text):
            answer = await client.get(path, headers={"accept": "text/html,*/*;q=0.1"})
            assert answer.status_code == 200
        assert (await client.get("/nowhere")).status_code == 404


async def test_live_is_live() -> None:
    async with serving() as served, served.client() as client:
        response = await client.get("/health/live")
        assert (response.status_code, response.json()) == (200, {"live": True})


async def test_ready_once_every_part_is() -> None:
    parts: dict[str, dict[str, object]] = {
        "log": {"ready": True, "path": Path("var")},
        "projector": {"ready": False, "behind": 3},
    }
    async with serving(readiness=lambda: parts) as served, served.client() as client:
        response = await client.get("/health/ready")
        assert response.status_code == 503
        assert response.json() == {
            "ready": False,
            "parts": {
                "log": {"ready": True, "path": "var"},
                "projector": {"ready": False, "behind": 3},
            },
        }
        parts["projector"]["ready"] = True
        response = await client.get("/health/ready")
        assert (response.status_code, response.json()["ready"]) == (200, True)


async def test_metrics_count_what_was_asked() -> None:
    async with serving() as served, served.client() as client:
        await client.post("/graphql", json={"query": "mutation { add(a: 1) }"})
        await client.post("/graphql", json={"query": "{ broken }"})
        text = (await client.get("/metrics")).text
    assert 'headrace_http_requests_total{kind="mutation",status="200"} 1.0' in text
    assert 'headrace_errors_total{code="INTERNAL"} 1.0' in text
    assert "headrace_operations_active 0.0" in text


async def test_each_application_counts_for_itself() -> None:
    async with serving() as one, serving() as other:
        async with one.client() as client:
            await client.post("/graphql", json={"query": "{ hello }"})
        name = "headrace_http_requests_total"
        assert one.count(name, kind="query", status="200") == 1
        assert other.count(name, kind="query", status="200") == 0
