"""One module for each format of files: text, spreadsheets, archives of arrays, netCDF."""
