"""Programs that show what the house can do."""
