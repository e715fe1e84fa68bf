"""Writes what is known of the board beside entries and files. Only the ledger's notes import this module."""

import sqlite3


def row_says(connection: sqlite3.Connection, key: str, said: str) -> None:
    connection.execute("UPDATE asset_pages SET said = ?, begun = NULL, heard = NULL WHERE key = ?", (said, key))


def row_begun(connection: sqlite3.Connection, key: str, begun: str) -> None:
    connection.execute("UPDATE asset_pages SET begun = ? WHERE key = ?", (begun, key))


def row_heard(connection: sqlite3.Connection, key: str, heard: str) -> None:
    connection.execute("UPDATE asset_pages SET heard = ? WHERE key = ?", (heard, key))
