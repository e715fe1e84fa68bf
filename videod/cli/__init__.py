"""The command line: parse, ask, print. Each command is imported only when it is used."""
