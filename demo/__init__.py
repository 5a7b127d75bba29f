"""The main job played on one machine: the local stack and the story told on it."""
