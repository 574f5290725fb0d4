"""From tasks to what Label Studio is answered: proposals, their explanation, the batch they are made in."""
