"""What dialogs and views are put together from. Knows nothing of schemas, tenants or the main window."""
