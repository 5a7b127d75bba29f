"""From a request in an issue to Terraform: catalogue, forms, words, retrieval and drafting."""
