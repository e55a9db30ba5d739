"""Collections of documents on SQLite and on MongoDB, behind one Protocol."""
