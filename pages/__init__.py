"""One file per address: which cards, in which order."""
