"""A simulated shop that writes to its users, and whose truth is known: a planted world, not real data."""

from edgewise.worlds.messaging.options import SIZES, MessagingOptions
from edgewise.worlds.messaging.truth import Chances, MessagingTruth
from edgewise.worlds.messaging.world import Messaging, Step, messaging

__all__ = ["SIZES", "Chances", "Messaging", "MessagingOptions", "MessagingTruth", "Step", "messaging"]
