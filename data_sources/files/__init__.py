"""Price files: what a folder holds, how each file is read, and what cannot be read in words."""
