data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  crypto_actions = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
  ]

  owner_statement = {
    Sid       = "AccountDecidesThroughIam"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${var.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  user_statements = [for arns in [sort(var.user_arns)] : {
    Sid       = "UseTheKey"
    Effect    = "Allow"
    Principal = { AWS = arns }
    Action    = local.crypto_actions
    Resource  = "*"
  } if length(arns) > 0]

  logs_statements = [for service in ["logs"] : {
    Sid       = "EncryptLogGroups"
    Effect    = "Allow"
    Principal = { Service = "${service}.${local.region}.${data.aws_partition.current.dns_suffix}" }
    Action    = local.crypto_actions
    Resource  = "*"
    Condition = {
      ArnLike = {
        "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${var.account_id}:*"
      }
    }
  } if var.allow_cloudwatch_logs]
}

resource "aws_kms_key" "this" {
  description             = coalesce(var.description, "${var.name}, managed by Terraform")
  deletion_window_in_days = var.deletion_window_days
  enable_key_rotation     = true
  tags                    = var.tags

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([local.owner_statement], local.user_statements, local.logs_statements)
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
