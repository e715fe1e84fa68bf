"""Statements that follow from the fields of a value, so that a field is named once. All others are written out."""

from collections.abc import Iterable, Sequence


def insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' for _ in columns)})"  # noqa: S608


def save(table: str, columns: Sequence[str], key: str) -> str:
    """Insert the row, or give the one with this key the new values."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != key)
    return f"{insert(table, columns)} ON CONFLICT ({key}) DO UPDATE SET {changes}"


def update(table: str, columns: Iterable[str], where: Iterable[str]) -> str:
    """Give `columns` new values where each column of `where` has the value given after them."""
    changes = ", ".join(f"{name} = ?" for name in columns)
    return f"UPDATE {table} SET {changes} WHERE {' AND '.join(f'{name} = ?' for name in where)}"  # noqa: S608
