output "name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "arn" {
  description = "ARN of the role, for the workload and for policies."
  value       = aws_iam_role.this.arn
}
