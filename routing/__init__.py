"""Quality and predictions -> decisions -> Label Studio: rules, expertise, queues, publishing."""
