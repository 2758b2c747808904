"""Lists made for one person, and ready-made ones that match their taste."""
