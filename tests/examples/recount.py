"""CDNOW's purchases added up by polars, with nothing of Headrace: what its documents must say."""

# Polars' signatures name types of numpy, which it does without here.
# pyright: reportUnknownMemberType=false

from pathlib import Path

import polars as pl

__all__ = ["by_customer", "by_day", "by_order", "purchases"]

COLUMNS = ("master", "customer", "date", "units", "dollars")


def purchases(path: Path) -> pl.DataFrame:
    """The rows of the file in their order, with dollars as whole cents, and the ids of orders."""
    lines = pl.DataFrame({"line": path.read_text().splitlines()})
    cells = pl.col("line").str.strip_chars().str.replace_all(r" +", " ").str.split_exact(" ", 4)
    rows = (
        lines.filter(pl.col("line").str.strip_chars() != "")
        .select(cells.struct.rename_fields(list(COLUMNS)).alias("cells"))
        .unnest("cells")
    )
    return rows.with_columns(
        pl.col("date").str.to_date("%Y%m%d"),
        pl.col("units").cast(pl.Int64),
        pl.col("dollars").str.replace(".", "", literal=True).cast(pl.Int64).alias("cents"),
        pl.int_range(1, pl.len() + 1).over("master", "customer", "date").alias("nth"),
    ).with_columns(
        pl.format(
            "cdnow-{}-{}-{}-{}", "master", "customer", pl.col("date").dt.to_string(), "nth"
        ).alias("order")
    )


def by_order(rows: pl.DataFrame) -> dict[str, tuple[str, str, int, int]]:
    """Customer, date, units and cents of each order."""
    picked = rows.select("order", "customer", pl.col("date").dt.to_string(), "units", "cents")
    return {order: tuple(rest) for order, *rest in picked.iter_rows()}


def by_day(rows: pl.DataFrame) -> dict[str, tuple[int, int, int]]:
    """Orders, units and cents of each day, `1997-01-01`."""
    days = rows.group_by(pl.col("date").dt.to_string()).agg(
        pl.len(), pl.col("units").sum(), pl.col("cents").sum()
    )
    return {day: tuple(rest) for day, *rest in days.iter_rows()}


def by_customer(rows: pl.DataFrame) -> dict[str, dict[str, object]]:
    """What each customer did: sums, repeats, and the classes of recency, frequency and money.

    Recency is that of the last day of the file.
    """
    sums = (
        rows.sort("date", "order")
        .group_by("customer")
        .agg(
            pl.len().alias("purchases"),
            pl.col("units").sum(),
            pl.col("cents").sum(),
            pl.col("cents").first().alias("first_cents"),
            pl.col("date").min().alias("first"),
            pl.col("date").max().alias("last"),
        )
    )
    idle = (pl.lit(rows["date"].max()) - pl.col("last")).dt.total_days()
    found = sums.with_columns(
        (pl.col("purchases") - 1).alias("frequency"),
        (pl.col("last") - pl.col("first")).dt.total_days().alias("recency_days"),
        (pl.col("cents") - pl.col("first_cents")).alias("repeat_cents"),
        _class(idle, 30, 90, 180, 365, best=5, step=-1).alias("recency_score"),
        _class(pl.col("purchases"), 2, 3, 4, 7).alias("frequency_score"),
        _class(pl.col("cents"), 1_500, 3_000, 6_000, 13_000).alias("monetary_score"),
    )
    return {each["customer"]: each for each in found.iter_rows(named=True)}


def _class(value: pl.Expr, *bounds: int, best: int = 1, step: int = 1) -> pl.Expr:
    """How many of the bounds the value has reached, counted from `best` by `step`."""
    return pl.lit(best) + step * pl.sum_horizontal(
        (value >= bound).cast(pl.Int64) for bound in bounds
    )
