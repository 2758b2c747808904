"""From one kind of things to another: what people who use both take of the other."""
