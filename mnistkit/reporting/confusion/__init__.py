"""Confusion matrices: terminal, figure, web page, files."""
