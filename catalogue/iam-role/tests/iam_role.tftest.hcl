mock_provider "aws" {}

variables {
  name = "orders-api"
}

run "a_service_role_has_no_permissions_by_default" {
  command = plan

  variables {
    trusted_service = "ecs-tasks.amazonaws.com"
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.Service == "ecs-tasks.amazonaws.com"
    error_message = "The named service must be trusted."
  }
  assert {
    condition     = length(aws_iam_role_policy.this) + length(aws_iam_role_policy_attachment.this) == 0
    error_message = "Nothing is allowed by default."
  }
  assert {
    condition     = aws_iam_role.this.max_session_duration == 3600
    error_message = "Sessions last an hour by default."
  }
}

run "an_oidc_role_trusts_exact_subjects" {
  command = plan

  variables {
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/ABC"
    oidc_subjects     = ["system:serviceaccount:shop:orders"]
    allowed_actions   = ["sqs:SendMessage"]
    allowed_resources = ["arn:aws:sqs:eu-west-1:111122223333:orders"]
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["oidc.example.com/id/ABC:sub"] == ["system:serviceaccount:shop:orders"]
    error_message = "The subject must be checked exactly."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this[0].policy).Statement[0].Action == ["sqs:SendMessage"]
    error_message = "The allowed actions must reach the policy."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                = "no spaces"
    trusted_service     = "*"
    oidc_provider_arn   = "oidc.example.com"
    oidc_subjects       = ["system:serviceaccount:*:*"]
    allowed_actions     = ["s3:*"]
    allowed_resources   = ["*"]
    managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    max_session_hours   = 13
  }

  expect_failures = [
    var.name,
    var.trusted_service,
    var.oidc_provider_arn,
    var.oidc_subjects,
    var.allowed_actions,
    var.allowed_resources,
    var.managed_policy_arns,
    var.max_session_hours,
  ]
}

run "refuses_a_role_nobody_can_take" {
  command = plan

  expect_failures = [aws_iam_role.this]
}

run "refuses_two_kinds_of_trust" {
  command = plan

  variables {
    trusted_service   = "ecs-tasks.amazonaws.com"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"
    oidc_subjects     = ["system:serviceaccount:shop:orders"]
  }

  expect_failures = [aws_iam_role.this]
}

run "refuses_actions_without_resources" {
  command = plan

  variables {
    trusted_service = "ecs-tasks.amazonaws.com"
    allowed_actions = ["sqs:SendMessage"]
  }

  expect_failures = [aws_iam_role.this]
}
