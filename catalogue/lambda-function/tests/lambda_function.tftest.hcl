mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
}

variables {
  name           = "thumbnails"
  runtime        = "python3.13"
  handler        = "app.handler"
  package_bucket = "acme-packages"
  package_key    = "thumbnails/1.4.0.zip"
}

run "defaults_trace_log_and_keep_failed_events" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "Calls must be traced."
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/thumbnails" && aws_cloudwatch_log_group.this.retention_in_days == 365
    error_message = "Logs must be kept for a year."
  }
  assert {
    condition     = aws_sqs_queue.dead_letter.sqs_managed_sse_enabled
    error_message = "Failed events must be kept encrypted."
  }
  assert {
    condition     = length(aws_lambda_function.this.vpc_config) == 0 && length(aws_lambda_function.this.environment) == 0
    error_message = "No VPC and no environment unless asked for."
  }
}

run "options_attach_to_a_vpc" {
  command = plan

  variables {
    subnet_ids         = ["subnet-0a1b2c3d"]
    security_group_ids = ["sg-0a1b2c3d"]
    environment        = { WIDTH = "320" }
  }

  assert {
    condition     = contains(keys(aws_iam_role_policy_attachment.this), "service-role/AWSLambdaVPCAccessExecutionRole")
    error_message = "An attached function needs the VPC permissions."
  }
  assert {
    condition     = aws_lambda_function.this.environment[0].variables["WIDTH"] == "320"
    error_message = "Environment variables must reach the function."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                 = "no spaces"
    runtime              = "python2.7"
    handler              = "two words"
    architecture         = "mips"
    memory_mb            = 64
    timeout_seconds      = 901
    reserved_concurrency = -2
    log_retention_days   = 2
    kms_key_arn          = "key"
  }

  expect_failures = [
    var.name,
    var.runtime,
    var.handler,
    var.architecture,
    var.memory_mb,
    var.timeout_seconds,
    var.reserved_concurrency,
    var.log_retention_days,
    var.kms_key_arn,
  ]
}

run "refuses_subnets_without_security_groups" {
  command = plan

  variables {
    subnet_ids = ["subnet-0a1b2c3d"]
  }

  expect_failures = [aws_lambda_function.this]
}
