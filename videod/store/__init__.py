"""The one room that speaks SQL. `database` owns the connections, `migrations/*.sql` the schema; `reads` and `writes`
turn rows into the core's values and back. Only the ledger imports `writes`."""
