"""The words of the lodging world's tables."""

from __future__ import annotations

from typing import Final

AMENITIES: Final = ("kitchen", "pool", "parking", "garden", "sea_view", "pets_allowed", "workspace", "balcony")
KINDS: Final = ("room", "apartment", "house", "cabin", "guesthouse")
PARTIES: Final = ("alone", "couple", "family", "group")
LANDSCAPES: Final = ("coast", "town", "hills", "lake", "forest")
COUNTRIES: Final = ("Norland", "Estmark", "Sundal", "Westrike", "elsewhere")
AGES: Final = ("18-29", "30-44", "45-64", "65+")
PLACE_FRONT: Final = ("Amber", "Birch", "Cliff", "Dune", "Elder", "Fern", "Gull", "Heron", "Iron", "Juniper")
PLACE_BACK: Final = ("haven", "ford", "holm", "wick", "mere", "stead", "bay", "brook", "field", "dale")
TITLE_FRONT: Final = ("Bright", "Quiet", "Old", "Sunny", "Little", "Spacious", "Cosy", "Airy", "Simple", "Green")
TITLE_BACK: Final = (
    "by the water",
    "in the centre",
    "near the woods",
    "with a view",
    "on the square",
    "up the hill",
)
