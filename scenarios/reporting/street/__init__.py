"""Maps of a street: statistics, a figure, a page to look into."""
