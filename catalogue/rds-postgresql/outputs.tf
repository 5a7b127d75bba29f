output "endpoint" {
  description = "Host name and port to connect to."
  value       = aws_db_instance.this.endpoint
}

output "arn" {
  description = "ARN of the database instance."
  value       = aws_db_instance.this.arn
}

output "database_name" {
  description = "Database in the instance."
  value       = aws_db_instance.this.db_name
}

output "secret_arn" {
  description = "ARN of the secret that holds the administrator's password."
  value       = one(aws_db_instance.this.master_user_secret[*].secret_arn)
}

output "security_group_id" {
  description = "Security group of the database."
  value       = aws_security_group.this.id
}
