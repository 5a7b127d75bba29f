variable "name" {
  description = "Name of the key, used as its alias."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9/_-]{1,250}$", var.name)) && !startswith(var.name, "aws/")
    error_message = "name must be 1 to 250 letters, digits, slashes, underscores and hyphens, and must not start with aws/."
  }
}

variable "account_id" {
  description = "AWS account that owns the key; its IAM policies decide who else may use it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits."
  }
}

variable "description" {
  description = "What the key protects; null says it is managed by Terraform."
  type        = string
  default     = null
}

variable "user_arns" {
  description = "ARNs of IAM roles and users that may encrypt and decrypt with the key."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.user_arns : can(regex("^arn:[\\w-]+:iam::[0-9]{12}:(role|user)/", arn))])
    error_message = "user_arns must hold ARNs of IAM roles or users, never a wildcard."
  }
}

variable "allow_cloudwatch_logs" {
  description = "Let log groups of the account, in the key's region, be encrypted with the key."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_window_days" {
  description = "Days between a request to delete the key and its deletion."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days must be 7 to 30."
  }
}

variable "tags" {
  description = "Tags for every resource of the module."
  type        = map(string)
  default     = {}
  nullable    = false
}
