"""A new plugin to start from: a complete package that does something, with the tests that show it."""
