"""What may be told: cells that rest on too few persons are hidden, and what would give them away with them."""
