"""Parts of the training-data generator: one noun a module. `data.py` puts them together."""
