"""The project file: what is served to whom, with which words, surfaces and rules."""
