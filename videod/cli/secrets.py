"""`videod secrets new-key | list`: the key that seals tokens, and which credentials are set (never their values)."""

import os
from pathlib import Path
from typing import Annotated

import typer

from videod.cli import options
from videod.core.sanitize import sanitize_screen

app = options.app("Show which credentials are set, or generate a master key.")


@app.command("new-key")
def new_key() -> None:
    """Print a new key for VIDEOD_MASTER_KEY. Keep it: stored tokens open with no other."""
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode())


@app.command("list")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: options.Settings = Path("videod.toml"),
) -> None:
    """Show which credentials are set, and which of them go to an address that you changed."""
    import json

    from videod.credentials import (
        ISSUED,
        SECRET_NAMES,
        SERVICE_URLS,
        CredentialsError,
        changed,
        load_secrets,
        service_urls,
    )

    try:
        secrets, urls = load_secrets(os.environ, settings=config), service_urls(os.environ)
    except CredentialsError as problem:
        typer.echo(sanitize_screen(str(problem)), err=True)
        raise typer.Exit(78) from None
    found = {name: secrets.get(name) is not None for name in SECRET_NAMES if name not in ISSUED}
    elsewhere = changed(urls)
    if as_json:
        typer.echo(json.dumps(found | elsewhere))
        return
    for name, there in found.items():
        typer.echo(f"{'set    ' if there else 'missing'}  {name}")
    for name, url in elsewhere.items():
        typer.echo(f"changed  {name}  {sanitize_screen(url)} instead of {SERVICE_URLS[name]}")
