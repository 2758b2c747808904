"""The names of a messaging world: channels, topics, places, and the pieces that titles are put together from."""

from __future__ import annotations

from typing import Final

__all__ = ["CHANNELS", "TOPICS", "ZONES"]

CHANNELS: Final = ("email", "sms", "push")
TOPICS: Final = ("beauty", "books", "garden", "gaming", "kitchen", "outdoor", "sport", "toys")
#: Time zone, country, share of the users.
ZONES: Final = (
    ("America/New_York", "United States", 0.22),
    ("America/Chicago", "United States", 0.12),
    ("America/Los_Angeles", "United States", 0.14),
    ("Europe/London", "United Kingdom", 0.14),
    ("Europe/Berlin", "Germany", 0.16),
    ("Asia/Kolkata", "India", 0.12),
    ("Asia/Tokyo", "Japan", 0.10),
)
TITLE_FRONT: Final = (
    "New in", "The best of", "A fresh start with", "This week in", "Back in stock:", "Small joys of",
    "For your weekend:", "Loved by many:", "Our guide to", "Just arrived:", "Last days of", "A closer look at",
)  # fmt: skip
SERVICE_TITLES: Final = ("Our terms have changed", "Your yearly summary")
NAME_FRONT: Final = (
    "Amber", "Alpine", "Birch", "Copper", "Fern", "Harbour", "Ivory", "Juniper", "Linen", "Maple",
    "Nordic", "Olive", "Pearl", "River", "Slate", "Willow",
)  # fmt: skip
NAME_BACK: Final = {
    "beauty": ("serum", "soap", "balm", "brush"),
    "books": ("novel", "atlas", "diary", "reader"),
    "garden": ("planter", "trowel", "seeds", "lantern"),
    "gaming": ("headset", "controller", "mat", "chair"),
    "kitchen": ("pan", "kettle", "knife", "bowl"),
    "outdoor": ("tent", "flask", "jacket", "lamp"),
    "sport": ("shoes", "ball", "shirt", "bottle"),
    "toys": ("blocks", "puzzle", "bear", "train"),
}
