"""A simulated music and podcast service whose truth is known: a planted world, not real data."""

from edgewise.worlds.streaming.options import SIZES, StreamingOptions
from edgewise.worlds.streaming.responses import examined
from edgewise.worlds.streaming.truth import StreamingTruth
from edgewise.worlds.streaming.world import Step, Streaming, streaming

__all__ = ["SIZES", "Step", "Streaming", "StreamingOptions", "StreamingTruth", "examined", "streaming"]
