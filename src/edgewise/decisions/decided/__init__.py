"""What every batch decision says: what was decided, what it expects to gain, how sure that is, what it gave up."""
