"""Tidying: staged cells become tidy rows; nothing here knows which reader ran."""
