"""Terraform itself: configuration, projects, running, reading plans, rendering and cost."""
