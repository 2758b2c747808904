"""The pages that people see in a browser: rendered here, with small scripts on top that nothing depends on."""
