"""`videod secrets new-key | list`: the key that seals tokens, and which credentials are set (never their values)."""

import os
from typing import Annotated

import typer

from videod.cli import options

app = options.app("Show which credentials are set, or generate a master key.")


@app.command("new-key")
def new_key() -> None:
    """Print a new key for VIDEOD_MASTER_KEY. Keep it: stored tokens open with no other."""
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode())


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show which credentials are set in the environment or the credentials folder."""
    import json

    from videod.credentials import ISSUED, SECRET_NAMES, CredentialsError, load_secrets

    try:
        secrets = load_secrets(os.environ)
    except CredentialsError as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(78) from None
    found = {name: secrets.get(name) is not None for name in SECRET_NAMES if name not in ISSUED}
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, there in found.items():
        typer.echo(f"{'set    ' if there else 'missing'}  {name}")
