"""Misclassified images: terminal, figure, web page, files."""
