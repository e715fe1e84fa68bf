"""What the sections of videod.toml are made of: their base, and the values that several of them take."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from videod import files


def placed(value: object, info: ValidationInfo) -> object:
    """Text -> path from the folder of the settings file; empty text -> None (choose automatically)."""
    if not isinstance(value, str | Path):
        return value
    return files.placed(str(value), (info.context or {}).get("folder", Path())) if str(value) else None


def existing(value: object, info: ValidationInfo) -> object:
    path = placed(value, info)
    if not isinstance(path, Path):
        return path
    if not files.exists(path) and files.trouble(path) is None:
        raise ValueError(f"there is no file {path}. Correct the path or leave the key out")
    if (trouble := files.trouble(path)) is not None:
        raise ValueError(f"{path} {trouble}. Correct the path or leave the key out")
    return path


def zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # unknown, malformed, a folder of the time zone files
        hint = "Write an IANA name such as America/Los_Angeles or UTC"
        raise ValueError(f"there is no time zone {value!r}. {hint}") from None
    return value


def host_name(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", value):
        raise ValueError("write the name alone, such as hooks.example.com, without https:// and without a path")
    return value


def own_address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("write an IP address of this host, such as 127.0.0.1, or 0.0.0.0 for all of them") from None


def page_address(value: str) -> str:
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]{1,253}", value):
        raise ValueError("write the address without a path, such as https://videod.example.com")
    return value


Place = Annotated[Path, BeforeValidator(placed)]
Program = Annotated[Path | None, BeforeValidator(existing)]
Word = Annotated[str, Field(pattern=r"^\S+$")]
Zone = Annotated[str, AfterValidator(zone)]
Usd = Annotated[float, Field(ge=0, le=10_000)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True)
