"""What a link names, and what is made of a view besides its page."""
