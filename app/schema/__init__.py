"""The schema model: pure data, one model for all platforms; comparing, planning and checking stand on it."""
