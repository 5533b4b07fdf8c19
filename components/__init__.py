"""Charts and controls: what a page is made of."""
