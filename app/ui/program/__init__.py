"""The process around the window: start, single instance, crashes, memory."""
