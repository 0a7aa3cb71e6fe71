"""What GraphiQL opens with: two operations of each context, or a subscription of another model."""

from graphql import GraphQLSchema, parse, validate

from api.schema.names import camel, lower_first, plural
from readmodels.composition import Model

__all__ = ["first_query"]

EXPLANATION = """# Every document is a query, and a subscription that
# stays true. Take a role at the top right, run one of
# these, and change something in another tab.

"""

SHIPPED = (
    EXPLANATION
    + """subscription Products {
  products(first: 10, orderBy: [{ field: NAME }]) {
    nodes { id name price available status }
  }
}

mutation List {
  listProduct(input: {
    product: "cd-1", name: "A CD", category: "music"
    price: "14.99", stock: 5, lowStockAt: 2
  }) {
    ... on Accepted { id token query {
      product(id: "cd-1") { name available }
    } }
    ... on Rejected { code message }
  }
}

# A bank: the owner is you, as the role "everything".
subscription Accounts {
  accounts { nodes { id owners currency balance status } }
}

mutation Open {
  openAccount(input: {
    owners: ["developer"], currency: "USD"
  }) {
    ... on Accepted { id token }
    ... on Rejected { code message }
  }
}

# A hospital: a ward, and who lies in its beds.
subscription Wards {
  wardBoards {
    nodes { name free beds { bed status name } }
  }
}

mutation OpenWard {
  openWard(input: {
    ward: "w-1", name: "Ward 1", beds: ["1", "2"]
  }) {
    ... on Accepted { id token }
    ... on Rejected { code message }
  }
}
"""
)


def first_query(schema: GraphQLSchema, model: Model) -> str:
    """The text that somebody new begins with; it fits the schema, which is the model's."""
    if not validate(schema, parse(SHIPPED)):
        return SHIPPED
    for shown in model.shown.values():
        one = lower_first(shown.collection.name)
        many = shown.spec.plural or plural(one)
        fields = " ".join(map(camel, shown.spec.indexed))
        return f"{EXPLANATION}subscription {{ {many}(first: 10) {{ nodes {{ {fields} }} }} }}\n"
    return EXPLANATION
