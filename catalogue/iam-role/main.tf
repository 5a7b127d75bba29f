locals {
  oidc_issuer = var.oidc_provider_arn == null ? "" : replace(var.oidc_provider_arn, "/^.*:oidc-provider\\//", "")

  service_statements = [for service in var.trusted_service[*] : {
    Effect    = "Allow"
    Action    = "sts:AssumeRole"
    Principal = { Service = service }
  }]

  oidc_statements = [for provider in var.oidc_provider_arn[*] : {
    Effect    = "Allow"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = provider }
    Condition = {
      StringEquals = {
        "${local.oidc_issuer}:aud" = var.oidc_audience
        "${local.oidc_issuer}:sub" = sort(var.oidc_subjects)
      }
    }
  }]
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = coalesce(var.description, "Managed by Terraform")
  max_session_duration = var.max_session_hours * 3600
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.service_statements, local.oidc_statements)
  })

  lifecycle {
    precondition {
      condition     = (var.trusted_service == null) != (var.oidc_provider_arn == null)
      error_message = "Set exactly one of trusted_service and oidc_provider_arn."
    }
    precondition {
      condition     = (var.oidc_provider_arn == null) == (length(var.oidc_subjects) == 0)
      error_message = "Set oidc_subjects together with oidc_provider_arn."
    }
    precondition {
      condition     = (length(var.allowed_actions) == 0) == (length(var.allowed_resources) == 0)
      error_message = "Set allowed_actions and allowed_resources together."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  count = length(var.allowed_actions) == 0 ? 0 : 1

  name = "workload"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Workload"
      Effect   = "Allow"
      Action   = sort(var.allowed_actions)
      Resource = sort(var.allowed_resources)
    }]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = var.managed_policy_arns

  role       = aws_iam_role.this.name
  policy_arn = each.value
}
