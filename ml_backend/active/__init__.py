"""Which task's answer would teach the model most: a new label, or a second opinion on an old one."""
