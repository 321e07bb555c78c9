"""Builds the weights committed under `bot/nlp/weights`; scikit-learn is needed here and nowhere else."""
