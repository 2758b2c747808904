"""As-of relational state: windows and decays along links, read at an anchor."""
