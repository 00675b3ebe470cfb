"""The page without a browser: fast, offline, over public fakes."""
