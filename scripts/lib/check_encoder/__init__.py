"""Compares npuscribe's encoder with CTranslate2's. Started by scripts/check-encoder."""
