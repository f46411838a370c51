"""The formulas and facts behind the book: small models, measured against their claims."""

__version__ = "1.0.0"
