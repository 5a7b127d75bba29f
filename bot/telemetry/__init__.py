"""Traces and metrics: a thin front; `start` puts OpenTelemetry behind it where it is asked for."""
