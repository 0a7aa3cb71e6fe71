"""Who may see what commerce learnt, and say what a signal came to: role by role."""

import pytest

from tests.serving import fresh
from tests.shop import Shop
from tests.subscribing import Ended, subscribed

pytestmark = pytest.mark.asyncio(loop_scope="session")


SIGNED_IN = {"customer", "clerk", "analyst", "warehouse", "provider"}
MAY_SEE = {
    "relatedProducts": {"nobody", *SIGNED_IN},
    "suggestions": SIGNED_IN,
    "customerValues": SIGNED_IN,
    "orderSignals": {"clerk", "analyst"},
}
"""By list: who is answered, some with nothing but what is theirs."""
OWN_ONLY = {
    (field, role)
    for field in ("suggestions", "customerValues")
    for role in SIGNED_IN - {"clerk", "analyst"}
}


@pytest.mark.parametrize("field", list(MAY_SEE))
@pytest.mark.parametrize("role", ["nobody", *sorted(SIGNED_IN)])
async def test_each_role_sees_what_it_may(shop: Shop, field: str, role: str) -> None:
    token = None if role == "nobody" else shop.server.token(fresh(role), role)
    selection = f"{field} {{ totalCount nodes {{ id }} }}"
    answer = await shop.server.graphql(f"{{ {selection} }}", token=token)
    if role in MAY_SEE[field]:
        assert "errors" not in answer
        if (field, role) in OWN_ONLY:
            assert answer["data"][field]["totalCount"] == 0
        return
    refusal = "UNAUTHENTICATED" if role == "nobody" else "FORBIDDEN"
    assert [each["extensions"]["code"] for each in answer["errors"]] == [refusal]
    async with subscribed(
        shop.server.socket_url, f"subscription {{ {selection} }}", token=token
    ) as live:
        with pytest.raises(Ended) as ended:
            await live.next()
    assert ended.value.code == refusal


async def test_a_customer_sees_own_suggestions_and_value_and_those_of_nobody_else(
    shop: Shop,
) -> None:
    cd, lp, ann, eve = fresh("cd"), fresh("lp"), fresh("ann"), fresh("eve")
    for each in (cd, lp):
        await shop.list(each)
    for each in (ann, eve):
        await shop.buy(each, {cd: 1, lp: 1})
    query = """query($ann: ID!, $eve: ID!, $seen: Token) {
      own: customerValue(id: $ann, atLeast: $seen) { id }
      other: customerValue(id: $eve, atLeast: $seen) { id }
      values: customerValues(where: { id: { in: [$ann, $eve] } }) { nodes { id } }
      suggestions(where: { customer: { in: [$ann, $eve] } }, first: 500) { nodes { customer } }
      byNot: suggestions(where: { not: { customer: { eq: $ann } } }) { totalCount } }"""
    variables = {"ann": ann, "eve": eve, "seen": shop.seen}
    found = await shop.server.data(query, variables, shop.server.token(ann, "customer"))
    assert (found["own"], found["other"]) == ({"id": ann}, None)
    assert found["values"]["nodes"] == [{"id": ann}]
    assert {each["customer"] for each in found["suggestions"]["nodes"]} <= {ann}
    assert found["byNot"]["totalCount"] == 0
    clerks = await shop.server.data(query, variables, shop.server.token("clerk-1", "clerk"))
    assert {each["id"] for each in clerks["values"]["nodes"]} == {ann, eve}


@pytest.mark.parametrize("role", ["nobody", "customer", "analyst", "warehouse", "provider"])
@pytest.mark.parametrize("name", ["clearOrderSignal", "upholdOrderSignal"])
async def test_only_a_clerk_says_what_a_signal_came_to(shop: Shop, name: str, role: str) -> None:
    token = None if role == "nobody" else shop.server.token(f"{role}-1", role)
    mutation = f'mutation {{ {name}(input: {{ order: "1", note: "x" }}) {{ __typename }} }}'
    answer = await shop.server.graphql(mutation, token=token)
    expected = "UNAUTHENTICATED" if role == "nobody" else "FORBIDDEN"
    assert [each["extensions"]["code"] for each in answer["errors"]] == [expected]


@pytest.mark.parametrize("name", ["countPurchase", "raiseOrderSignal", "reviewRecency"])
async def test_what_processes_say_nobody_else_can(shop: Shop, name: str) -> None:
    answer = await shop.server.graphql(
        f"mutation {{ {name}(input: {{}}) {{ __typename }} }}",
        token=shop.server.token("clerk-1", "clerk", "analyst"),
    )
    assert "errors" in answer
