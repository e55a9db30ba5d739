"""Archives of results: documents with checksums in one file, to cite, to keep and to import again."""
