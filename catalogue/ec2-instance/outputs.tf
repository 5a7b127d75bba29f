output "id" {
  description = "Id of the instance; start a session with `aws ssm start-session --target <id>`."
  value       = aws_instance.this.id
}

output "private_ip" {
  description = "Address inside the VPC."
  value       = aws_instance.this.private_ip
}

output "security_group_id" {
  description = "Security group to name in the rules of what the instance calls."
  value       = aws_security_group.this.id
}

output "role_name" {
  description = "Role of the instance, to attach further policies to."
  value       = aws_iam_role.this.name
}
