"""A campaign as one HTML file that opens offline: from documents to blocks, and from blocks to a page."""
