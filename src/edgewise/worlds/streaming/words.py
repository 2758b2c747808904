"""The names of a streaming world: genres, moods, topics, and the pieces that titles are put together from."""

from __future__ import annotations

from typing import Final

__all__ = ["CONTEXTS", "COUNTRIES", "GENRES", "MOODS", "PLANS", "TOPICS"]

GENRES: Final = ("pop", "rock", "hip hop", "electronic", "jazz", "classical", "folk", "metal", "latin", "soul")
GENRE_ENERGY: Final = (0.3, 0.7, 0.4, 0.8, -0.5, -1.1, -0.8, 1.3, 0.5, -0.1)
GENRE_TEMPO: Final = (118, 124, 94, 128, 110, 92, 104, 142, 112, 98)  # beats a minute
MOODS: Final = ("sunny", "mellow", "dark", "dreamy", "festive", "driving", "tender", "calm")
MOOD_PEAK: Final = (190, 60, 320, 280, 355, 150, 40, 20)  # day of the year
MOOD_BRIGHTNESS: Final = (1.2, 0.0, -1.2, -0.2, 1.0, 0.4, -0.3, -0.1)
MOOD_ENERGY: Final = (0.4, -0.6, 0.2, -0.5, 0.5, 1.0, -0.7, -1.1)
COUNTRIES: Final = ("Brazil", "France", "Germany", "Japan", "Nigeria", "United States")
PLANS: Final = ("free", "family", "premium", "student")
CONTEXTS: Final = ("library", "playlist", "album", "artist", "radio", "search", "recommendation")
TOPICS: Final = (
    "business",
    "comedy",
    "cooking",
    "crime",
    "football",
    "gaming",
    "health",
    "history",
    "news",
    "parenting",
    "science",
    "technology",
)

ARTIST_FRONT: Final = (
    "Amber", "Velvet", "Silver", "Paper", "Northern", "Hollow", "Electric", "Crimson", "Golden", "Quiet", "Wild",
    "Broken", "Marble", "Distant", "Electric Blue", "Lunar", "Copper", "Pale", "Burning", "Secret", "Early",
)  # fmt: skip
ARTIST_BACK: Final = (
    "Foxes", "Harbour", "Lanterns", "Avenue", "Sisters", "Machine", "Orchard", "Tigers", "Satellites", "Mirrors",
    "Rivers", "Parade", "Company", "Wolves", "Garden", "Signal", "Brothers", "Islands", "Choir", "Motel", "Ravens",
)  # fmt: skip
TITLE_FRONT: Final = (
    "Midnight", "Summer", "Slow", "Falling", "Open", "Last", "Neon", "Sweet", "Lonely", "Second", "Burning",
    "Endless", "Little", "Heavy", "Running", "Half", "Bright", "Stolen", "Sleeping", "Winter", "Morning", "Blue",
)  # fmt: skip
TITLE_BACK: Final = (
    "Train", "Heart", "Letters", "Sky", "Street", "Water", "Dance", "Shadows", "Fire", "Voices", "Rain", "Season",
    "Road", "Dream", "Light", "Machine", "Ocean", "Window", "Games", "Stranger", "Home", "Echo", "Story", "Ghost",
)  # fmt: skip
TITLE_END: Final = (
    "", "", "", "", "", "", "Again", "Tonight", "in June", "for Two", "Away", "of Gold", "After All",
    "in the Dark", "Forever", "on Repeat", "Underwater", "for Anna", "by the Sea", "Part Two", "at Dawn",
)  # fmt: skip
SEARCH_ENDS: Final = ("", "", "", "", " song", " songs", " lyrics", " live", " new", " album", " playlist")
SHOW_FRONT: Final = (
    "The Daily",
    "Deep",
    "Plain",
    "Late Night",
    "Curious",
    "Honest",
    "The Weekly",
    "Inside",
    "Small",
)
SHOW_BACK: Final = ("Hour", "Table", "Files", "Minutes", "Notes", "Stories", "Club", "Report", "Conversations")
