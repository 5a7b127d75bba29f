output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function, for triggers and policies."
  value       = aws_lambda_function.this.arn
}

output "role_name" {
  description = "Role of the function, to attach further policies to."
  value       = aws_iam_role.this.name
}

output "log_group_name" {
  description = "Log group of the function."
  value       = aws_cloudwatch_log_group.this.name
}

output "dead_letter_url" {
  description = "Queue of the events that failed every attempt."
  value       = aws_sqs_queue.dead_letter.id
}
