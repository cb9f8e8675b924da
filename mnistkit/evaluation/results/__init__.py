"""What evaluations found, one module a command, each with the form of its JSON document."""
