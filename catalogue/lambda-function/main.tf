data "aws_partition" "current" {}

locals {
  managed_policies = toset(concat(
    ["AWSXRayDaemonWriteAccess"],
    length(var.subnet_ids) > 0 ? ["service-role/AWSLambdaVPCAccessExecutionRole"] : [],
  ))
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_115: A default limit would starve small accounts; reserved_concurrency sets one.
  # checkov:skip=CKV_AWS_117: A function that calls no private service needs no VPC; subnet_ids attaches it.
  # checkov:skip=CKV_AWS_173: Lambda encrypts the environment itself; kms_key_arn sets the caller's key.
  # checkov:skip=CKV_AWS_272: Code signing needs a signing profile in the pipeline that builds the package.
  function_name                  = var.name
  role                           = aws_iam_role.this.arn
  runtime                        = var.runtime
  handler                        = var.handler
  s3_bucket                      = var.package_bucket
  s3_key                         = var.package_key
  architectures                  = [var.architecture]
  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn
  tags                           = var.tags

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letter.arn
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  dynamic "environment" {
    for_each = length(var.environment) == 0 ? [] : [var.environment]

    content {
      variables = environment.value
    }
  }

  dynamic "vpc_config" {
    for_each = length(var.subnet_ids) == 0 ? [] : [var.subnet_ids]

    content {
      subnet_ids         = vpc_config.value
      security_group_ids = var.security_group_ids
    }
  }

  lifecycle {
    precondition {
      condition     = (length(var.subnet_ids) == 0) == (length(var.security_group_ids) == 0)
      error_message = "Set subnet_ids and security_group_ids together."
    }
  }

  # Without its permissions the first call could neither log nor reach the VPC.
  depends_on = [aws_iam_role_policy.this, aws_iam_role_policy_attachment.this]
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: CloudWatch encrypts logs itself; kms_key_arn sets the caller's key.
  # checkov:skip=CKV_AWS_338: A year by default; log_retention_days lets a caller choose less.
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = "${var.name}-failed-events"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.kms_key_arn
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  tags                      = var.tags
}

resource "aws_iam_role" "this" {
  name = "${var.name}-lambda"
  tags = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "log-and-keep-failed-events"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Log"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${aws_cloudwatch_log_group.this.arn}:*"
        },
        {
          Sid      = "KeepFailedEvents"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = aws_sqs_queue.dead_letter.arn
        },
      ],
      [for key in var.kms_key_arn[*] : {
        Sid      = "UseTheKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = key
      }],
    )
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.managed_policies

  role       = aws_iam_role.this.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/${each.value}"
}
