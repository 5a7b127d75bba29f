mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = {
      partition  = "aws"
      dns_suffix = "amazonaws.com"
    }
  }
  mock_data "aws_region" {
    defaults = {
      id = "eu-west-1"
    }
  }
}

variables {
  name       = "orders"
  account_id = "111122223333"
}

run "defaults_rotate_and_leave_access_to_the_account" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key must rotate and take 30 days to delete."
  }
  assert {
    condition     = [for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Sid] == ["AccountDecidesThroughIam"]
    error_message = "Only the account itself is named by default."
  }
  assert {
    condition     = aws_kms_alias.this.name == "alias/orders"
    error_message = "The name must become the alias."
  }
}

run "options_name_users_and_log_groups" {
  command = plan

  variables {
    user_arns             = ["arn:aws:iam::111122223333:role/orders-api"]
    allow_cloudwatch_logs = true
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Principal.AWS == ["arn:aws:iam::111122223333:role/orders-api"]
    error_message = "Users must be named in the policy."
  }
  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[2].Principal.Service == "logs.eu-west-1.amazonaws.com"
    error_message = "CloudWatch Logs of the region must be named in the policy."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                 = "aws/orders"
    account_id           = "1111"
    user_arns            = ["*"]
    deletion_window_days = 6
  }

  expect_failures = [
    var.name,
    var.account_id,
    var.user_arns,
    var.deletion_window_days,
  ]
}
