"""The figures of evaluations: terminal."""
