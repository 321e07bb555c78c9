"""Two bots to compare with; changes to the product don't touch them."""
