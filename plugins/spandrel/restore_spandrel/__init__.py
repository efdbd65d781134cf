"""Networks of others: whatever checkpoint spandrel knows becomes a model."""
