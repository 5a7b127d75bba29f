"""GitHub's JSON shapes, built from the records; nothing here changes anything."""
