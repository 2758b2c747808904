"""A simulated music and podcast service whose truth is known: a planted world, not real data."""

from edgewise.worlds.streaming.options import SIZES, StreamingOptions
from edgewise.worlds.streaming.world import Streaming, streaming

__all__ = ["SIZES", "Streaming", "StreamingOptions", "streaming"]
