"""Step 2, curate data: everything becomes one `xarray.Dataset`."""
