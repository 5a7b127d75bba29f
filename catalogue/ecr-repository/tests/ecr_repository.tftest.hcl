mock_provider "aws" {}

variables {
  name = "shop/checkout"
}

run "defaults_are_immutable_scanned_and_encrypted" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE"
    error_message = "Tags must be immutable by default."
  }
  assert {
    condition     = aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "Images must be scanned on push."
  }
  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].encryption_type == "KMS"
    error_message = "Images must be encrypted with KMS."
  }
}

run "options_set_what_is_kept" {
  command = plan

  variables {
    immutable_tags          = false
    keep_images             = 5
    untagged_retention_days = 1
  }

  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.countNumber] == [1, 5]
    error_message = "Both limits must reach the lifecycle policy."
  }
  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "MUTABLE"
    error_message = "immutable_tags = false must allow moving tags."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                    = "Shop//Checkout"
    keep_images             = 0
    untagged_retention_days = 0.5
    kms_key_arn             = "key"
  }

  expect_failures = [
    var.name,
    var.keep_images,
    var.untagged_retention_days,
    var.kms_key_arn,
  ]
}
