"""How often the statistics are right, on made-up data whose truth is known."""
