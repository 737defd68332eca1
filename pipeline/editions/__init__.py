"""Editions on disk: source.yaml, adding one, its title, downloading its files."""
