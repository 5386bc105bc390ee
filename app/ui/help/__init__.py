"""Help pages, the welcome, the doctor, and reports of what went wrong."""
