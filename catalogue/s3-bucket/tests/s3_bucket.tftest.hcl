mock_provider "aws" {}

variables {
  name = "acme-audit-logs"
}

run "defaults_are_private_versioned_and_encrypted" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Versioning must be on by default."
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.this.restrict_public_buckets && aws_s3_bucket_public_access_block.this.block_public_policy
    error_message = "Public access must be blocked."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "Objects must be encrypted with KMS."
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration) == 0
    error_message = "Current objects must be kept unless retention_days is set."
  }
  assert {
    condition     = length(aws_s3_bucket_logging.this) == 0
    error_message = "Access logs need a bucket to go to."
  }
}

run "options_set_retention_and_logging" {
  command = plan

  variables {
    retention_days    = 90
    versioning        = false
    access_log_bucket = "acme-access-logs"
    kms_key_arn       = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 90
    error_message = "retention_days must become an expiration."
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Suspended"
    error_message = "versioning = false must suspend versioning."
  }
  assert {
    condition     = aws_s3_bucket_logging.this[0].target_bucket == "acme-access-logs"
    error_message = "Access logs must go to the named bucket."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                      = "Not_A_Bucket"
    retention_days            = 0
    noncurrent_retention_days = 1.5
    kms_key_arn               = "alias/mine"
  }

  expect_failures = [
    var.name,
    var.retention_days,
    var.noncurrent_retention_days,
    var.kms_key_arn,
  ]
}
