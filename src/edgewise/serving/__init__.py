"""The service: HTTP, the event log, live models, pages."""
