"""Registration of the baselines without learning."""
