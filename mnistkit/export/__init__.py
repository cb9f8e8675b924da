"""The program that a trained model is lowered to, and what reads it: one file a target (docs/program.md)."""
