"""Label Studio -> store -> quality: pull, webhooks, agreement, consensus, performance."""
