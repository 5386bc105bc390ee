"""PostgreSQL and SQLite behind the one contract."""
