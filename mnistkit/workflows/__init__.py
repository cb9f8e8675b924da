"""What a subcommand does, as a plain function: config in, result out, nothing printed."""
