"""npuscribe's encoder beside CTranslate2's, in numbers. Started by scripts/check-encoder."""
