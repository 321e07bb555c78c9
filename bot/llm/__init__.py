"""Language models: one seam for every provider, a chain with fallback, and what guards both sides of it."""
