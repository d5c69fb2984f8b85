"""How time and memory grow with the number and length of files."""
