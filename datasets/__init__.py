"""Curated data sets: one file and one datacard each; read them with `physmodel.data.catalogue`."""
