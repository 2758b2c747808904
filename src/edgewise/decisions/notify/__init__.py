"""Messages: whom to send what, when, on which channel, or nothing at all."""
