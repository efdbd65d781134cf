"""Coupled generative adversarial networks: two domains learnt together without a single pair."""
