mock_provider "aws" {}

variables {
  name = "orders"
}

run "defaults_are_encrypted_with_a_dead_letter_queue" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.dead_letter.sqs_managed_sse_enabled
    error_message = "Both queues must be encrypted."
  }
  assert {
    condition     = aws_sqs_queue.dead_letter.name == "orders-dlq" && aws_sqs_queue.dead_letter.message_retention_seconds == 1209600
    error_message = "The dead-letter queue must keep messages for 14 days."
  }
  assert {
    condition     = toset(keys(aws_sqs_queue_policy.this)) == toset(["main", "dead_letter"])
    error_message = "Both queues must refuse plain HTTP."
  }
}

run "options_make_a_fifo_queue_with_the_callers_key" {
  command = plan

  variables {
    fifo                   = true
    message_retention_days = 7
    kms_key_arn            = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = aws_sqs_queue.this.name == "orders.fifo" && aws_sqs_queue.dead_letter.name == "orders-dlq.fifo"
    error_message = "FIFO queues must end in .fifo."
  }
  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == var.kms_key_arn
    error_message = "The caller's key must be used."
  }
  assert {
    condition     = aws_sqs_queue.this.message_retention_seconds == 604800
    error_message = "Days must become seconds."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                       = "orders.fifo"
    visibility_timeout_seconds = 43201
    message_retention_days     = 15
    dead_letter_retention_days = 0
    max_receive_count          = 0
    kms_key_arn                = "key"
  }

  expect_failures = [
    var.name,
    var.visibility_timeout_seconds,
    var.message_retention_days,
    var.dead_letter_retention_days,
    var.max_receive_count,
    var.kms_key_arn,
  ]
}
