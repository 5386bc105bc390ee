"""A schema as a diagram: on screen and as a file."""
