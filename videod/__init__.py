"""videod: Notion entries in, published films out."""

__version__ = "0.1.0"
