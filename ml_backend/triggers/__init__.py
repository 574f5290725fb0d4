"""Why a model is trained: new labels, a falling score, drift, a new guideline, a schedule."""
