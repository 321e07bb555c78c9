"""One server's settings and training as a file, for another server or another bot."""
