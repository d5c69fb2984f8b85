"""npuscribe beside faster-whisper, on the same files, model, threads and beam. Started by scripts/compare."""
