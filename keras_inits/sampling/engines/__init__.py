"""One engine for each array library; all draw the same bits."""
