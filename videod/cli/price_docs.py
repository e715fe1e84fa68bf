"""The table of video models for the documentation."""

from videod.cli.markdown import table
from videod.core import clip_models


def clips() -> str:
    """Every model and mode that clips can be ordered from: lengths, price, sizes, where the price was read."""
    head = ("`video_model`", "model", "seconds", "USD for a clip", "pixels", "price read at")
    rows = []
    for model in clip_models.CATALOGUE:
        for mode, prices in model.modes.items():
            sizes = model.sizes.get(mode, model.sizes.get("", ()))
            shown = ", ".join(f"{width}x{height}" for width, height in sizes)
            lengths = _span(model.lengths)
            rows.append(
                (f"`{model.named(mode)}`", model.title, lengths, _usd(prices, model.lengths), shown, model.read)
            )
    return table(head, iter(rows))


def _span(lengths: tuple[int, ...]) -> str:
    every = lengths == tuple(range(lengths[0], lengths[-1] + 1)) and len(lengths) > 2
    return f"{lengths[0]} to {lengths[-1]}" if every else " or ".join(map(str, lengths))


def _usd(prices: clip_models.Prices, lengths: tuple[int, ...]) -> str:
    if not prices:
        return "not known"
    usd = {seconds: credits * clip_models.USD_PER_CREDIT for seconds, credits in prices.items()}
    if len(lengths) > 2:
        first = lengths[0]
        return f"{usd[first] / first:.4g} a second"
    return ", ".join(f"{usd[seconds]:.4g} ({seconds} s)" for seconds in lengths)
