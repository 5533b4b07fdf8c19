"""Claims that people made, and the tests they are put to."""
