"""A small planted shop that writes to its users, read and learnt from once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from edgewise.decisions.notify.entry import NotifyEntry
from edgewise.decisions.notify.features import Features
from edgewise.decisions.notify.fitted import Fitted, fit
from edgewise.decisions.notify.past import Past
from edgewise.decisions.notify.propose import propose
from edgewise.decisions.notify.reading import read_past
from edgewise.sources.database import Database, open_database
from edgewise.worlds.messaging import Messaging, messaging
from edgewise.worlds.messaging.options import MessagingOptions


@dataclass(frozen=True)
class Learnt:
    """A world, its tables, and what was learnt from them at the end of its history."""

    world: Messaging
    db: Database
    entry: NotifyEntry
    past: Past
    features: Features
    fitted: Fitted

    def entered(self, **changes: object) -> NotifyEntry:
        """The proposed entry with changes."""
        return NotifyEntry.model_validate(self.entry.model_dump(mode="json") | changes)


@pytest.fixture(scope="session")
def learnt() -> Learnt:
    """Three hundred users over ten weeks."""
    world = messaging(MessagingOptions(users=300, weeks=10, messages=16, products=40))
    db = open_database(dict(world.tables))
    entry = propose(db.schema)
    past = read_past(db, entry, world.now)
    features = Features(past)
    return Learnt(world, db, entry, past, features, fit(past, entry, features))
