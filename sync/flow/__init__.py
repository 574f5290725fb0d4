"""How work flows and what it costs: throughput, waiting, forecast, share automated, cost per accurate label."""
