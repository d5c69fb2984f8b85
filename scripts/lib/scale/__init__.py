"""Time and memory against the number of files and their length."""
