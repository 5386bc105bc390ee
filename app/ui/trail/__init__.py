"""What was done and asked: the audit trail and the activity."""
