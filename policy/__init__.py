"""What may be planned and applied: static gate, Checkov, Rego, gates and receipts."""
