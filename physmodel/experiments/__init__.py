"""Which experiment comes next: what would tell the laws apart that the data leave open."""
