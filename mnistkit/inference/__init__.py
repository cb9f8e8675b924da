"""Everything that runs a trained model on pictures."""
