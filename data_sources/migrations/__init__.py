"""How the price store's tables came to be, step by step; run by `data_sources.store`."""
