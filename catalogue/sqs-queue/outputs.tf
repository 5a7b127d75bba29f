output "name" {
  description = "Name of the queue."
  value       = aws_sqs_queue.this.name
}

output "url" {
  description = "URL to send to and receive from."
  value       = aws_sqs_queue.this.id
}

output "arn" {
  description = "ARN of the queue, for policies."
  value       = aws_sqs_queue.this.arn
}

output "dead_letter_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dead_letter.id
}

output "dead_letter_arn" {
  description = "ARN of the dead-letter queue, for alarms and policies."
  value       = aws_sqs_queue.dead_letter.arn
}
