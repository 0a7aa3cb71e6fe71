"""What GraphiQL opens with: the shop's two operations, or a first subscription of another model."""

from graphql import GraphQLSchema, parse, validate

from api.schema.names import camel, lower_first, plural
from readmodels.composition import Model

__all__ = ["first_query"]

EXPLANATION = """# Every document is a query, and a subscription that stays true.
# Choose a role on the right, run one of these, and change something in another tab.

"""

SHOP = (
    EXPLANATION
    + """subscription Products {
  products(first: 10, orderBy: [{ field: NAME }]) {
    nodes { id name price available status }
  }
}

mutation List {
  listProduct(input: { product: "cd-1", name: "A CD", category: "music", price: "14.99" }) {
    ... on Accepted { id version token query { product(id: "cd-1") { name available } } }
    ... on Rejected { code message }
  }
}
"""
)


def first_query(schema: GraphQLSchema, model: Model) -> str:
    """The text that somebody new begins with; it fits the schema, which is the model's."""
    if not validate(schema, parse(SHOP)):
        return SHOP
    for shown in model.shown.values():
        one = lower_first(shown.collection.name)
        many = shown.spec.plural or plural(one)
        fields = " ".join(map(camel, shown.spec.indexed))
        return f"{EXPLANATION}subscription {{ {many}(first: 10) {{ nodes {{ {fields} }} }} }}\n"
    return EXPLANATION
