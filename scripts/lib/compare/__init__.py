"""Compares npuscribe with faster-whisper, with the same files, model, threads and beam size. Started by scripts/compare."""
