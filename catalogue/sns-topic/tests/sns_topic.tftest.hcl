mock_provider "aws" {
  # The topic policy checks that its topic is an ARN.
  mock_resource "aws_sns_topic" {
    defaults = {
      arn = "arn:aws:sns:eu-west-1:111122223333:alerts"
    }
  }
}

variables {
  name = "alerts"
}

run "defaults_are_encrypted_without_subscribers" {
  command = plan

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == "alias/aws/sns"
    error_message = "The topic must be encrypted by default."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.email) + length(aws_sns_topic_subscription.queue) == 0
    error_message = "Nobody is subscribed by default."
  }
}

run "options_subscribe_people_and_queues" {
  command = plan

  variables {
    fifo                  = true
    email_subscribers     = ["on-call@example.com"]
    queue_subscriber_arns = ["arn:aws:sqs:eu-west-1:111122223333:orders.fifo"]
    kms_key_arn           = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = aws_sns_topic.this.name == "alerts.fifo"
    error_message = "A FIFO topic must end in .fifo."
  }
  assert {
    condition     = aws_sns_topic_subscription.email["on-call@example.com"].protocol == "email"
    error_message = "People are subscribed by e-mail."
  }
  assert {
    condition     = one(values(aws_sns_topic_subscription.queue)).protocol == "sqs"
    error_message = "Queues are subscribed by ARN."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                  = "alerts.fifo"
    display_name          = ""
    email_subscribers     = ["not an address"]
    queue_subscriber_arns = ["orders"]
    kms_key_arn           = "key"
  }

  expect_failures = [
    var.name,
    var.display_name,
    var.email_subscribers,
    var.queue_subscriber_arns,
    var.kms_key_arn,
  ]
}
