"""The models the simulated Gemini knows in November 2026: which live, which are gone, what they cost."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Model:
    """Prices are US dollars per million tokens; `sizes` maps an image size to the tokens one picture takes."""

    name: str
    title: str
    text_in: float
    text_out: float
    image_out: float = 0.0
    sizes: tuple[tuple[str, int], ...] = ()

    @property
    def draws(self) -> bool:
        return bool(self.sizes)

    def image_usd(self, size: str) -> float:
        return round(dict(self.sizes)[size] * self.image_out / 1e6, 6)


LIVE = {
    model.name: model
    for model in (
        Model("gemini-3.8-flash", "Gemini 3.8 Flash", 0.75, 3.75),
        Model("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", 0.30, 2.50),
        Model("gemini-nano-banana-2.1", "Nano Banana 2.1", 1.50, 7.50, 30.0, (("1K", 1120), ("2K", 1680),
            ("4K", 2520))),
        Model("gemini-3.1-flash-lite-image", "Gemini 3.1 Flash-Lite Image", 0.30, 2.50, 30.0, (("1K", 1120),)),
        Model("gemini-3-pro-image", "Gemini 3 Pro Image", 2.0, 12.0, 120.0, (("1K", 1117), ("2K", 1117),
            ("4K", 2000))),
    )
}  # fmt: skip

#: Width and height at 1K by aspect ratio; 2K and 4K are twice and four times that.
SIZES_1K = {
    "1:1": (1024, 1024), "2:3": (848, 1264), "3:2": (1264, 848), "3:4": (896, 1200), "4:3": (1200, 896),
    "4:5": (928, 1152), "5:4": (1152, 928), "9:16": (768, 1376), "16:9": (1376, 768), "21:9": (1584, 672),
    "1:4": (512, 2048), "4:1": (2048, 512), "1:8": (352, 2816), "8:1": (2816, 352),
}  # fmt: skip


def model_body(model: Model) -> dict[str, Any]:
    return {
        "name": f"models/{model.name}",
        "version": "001",
        "displayName": model.title,
        "description": f"{model.title} (sandbox)",
        "inputTokenLimit": 65_536 if model.draws else 1_048_576,
        "outputTokenLimit": 32_768 if model.draws else 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
