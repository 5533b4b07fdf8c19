"""Where prices come from; `data_sources.market` is the one door to them."""
