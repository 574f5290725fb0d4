"""Why a task is where it is: for admins and for the audit."""
