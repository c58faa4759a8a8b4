"""Programs for those who work on the house; nothing here is installed with it."""
