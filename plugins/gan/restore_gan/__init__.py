"""Generative adversarial networks as priors, and their training."""
