"""Who may be asked how much: the team file, qualification, limits, budgets, queues' sizes."""
