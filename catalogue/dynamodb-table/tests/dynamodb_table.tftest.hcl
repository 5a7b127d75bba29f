mock_provider "aws" {}

variables {
  name = "orders"
}

run "defaults_are_on_demand_encrypted_and_protected" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "The table must be billed on demand."
  }
  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "Deletion protection must be on by default."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].enabled
    error_message = "Recovery and KMS encryption must be on by default."
  }
  assert {
    condition     = length(aws_dynamodb_table.this.attribute) == 1
    error_message = "Without range_key only the partition key is declared."
  }
}

run "options_add_a_sort_key_and_expiry" {
  command = plan

  variables {
    range_key      = "created_at"
    range_key_type = "N"
    ttl_attribute  = "expires_at"
  }

  assert {
    condition     = contains([for item in aws_dynamodb_table.this.attribute : "${item.name}:${item.type}"], "created_at:N")
    error_message = "The sort key must be declared with its type."
  }
  assert {
    condition     = aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at"
    error_message = "ttl_attribute must turn on expiry."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name           = "no spaces"
    hash_key       = ""
    hash_key_type  = "string"
    range_key_type = "X"
    kms_key_arn    = "key"
  }

  expect_failures = [
    var.name,
    var.hash_key,
    var.hash_key_type,
    var.range_key_type,
    var.kms_key_arn,
  ]
}
