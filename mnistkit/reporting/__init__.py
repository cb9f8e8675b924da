"""How results look: terminal tables, pictures and plots, and the files that hold them."""
