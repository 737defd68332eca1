"""The steward's review page: a local web application beside the page pictures, and the same as a read-only site."""
