"""Questions to published releases: SQL, whether a certificate counts, its history."""
