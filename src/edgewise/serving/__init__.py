"""The service: HTTP, the event log, live models, the exposure log, pages."""
