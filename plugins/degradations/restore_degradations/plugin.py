"""Registration of the degradations."""
