"""What the operator has set: preferences, keys, and their dialogs."""
