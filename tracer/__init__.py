"""Watch a run and remember what it did: engine -> record stream -> trace database."""
