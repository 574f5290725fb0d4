"""Rules run in memory: tasks, people and their answers come from a table, decisions from the live code."""
