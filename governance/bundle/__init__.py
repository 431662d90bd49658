"""A bundle: one folder of documents with one content hash. What is in force is always a whole bundle."""
