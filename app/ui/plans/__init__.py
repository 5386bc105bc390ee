"""What a change comes to: the plan and its push, history, versions, comparing and cohorts."""
