variable "name" {
  description = "Name of the function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,56}$", var.name))
    error_message = "name must be 1 to 56 letters, digits, underscores and hyphens."
  }
}

variable "runtime" {
  description = "Lambda runtime."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["python3.12", "python3.13", "nodejs20.x", "nodejs22.x", "java21", "dotnet8", "ruby3.3", "provided.al2023"], var.runtime)
    error_message = "runtime must be one of python3.12, python3.13, nodejs20.x, nodejs22.x, java21, dotnet8, ruby3.3, provided.al2023."
  }
}

variable "handler" {
  description = "Function to call, as the runtime writes it (`app.handler`)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^\\S{1,128}$", var.handler))
    error_message = "handler must be 1 to 128 characters without spaces."
  }
}

variable "package_bucket" {
  description = "S3 bucket, in the function's region, that holds the zip package."
  type        = string
  nullable    = false
}

variable "package_key" {
  description = "Key of the zip package; put the version in it, so that a new package is a change."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "Processor: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "memory_mb" {
  description = "Memory in MB; the share of processor grows with it."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb must be 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "Seconds before a call is ended."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be 1 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Most calls at once, taken from the account's pool; -1 shares the pool."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1
    error_message = "reserved_concurrency must be -1 or more."
  }
}

variable "environment" {
  description = "Environment variables; never put a secret in them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "subnet_ids" {
  description = "Private subnets to attach the function to; empty runs it outside a VPC."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "security_group_ids" {
  description = "Security groups of an attached function."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "log_retention_days" {
  description = "Days the logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period CloudWatch knows, such as 30, 90, 365 or 731."
  }
}

variable "kms_key_arn" {
  description = "KMS key for environment, logs and failed events; CloudWatch Logs must be allowed to use it. Null uses AWS-managed keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[\\w-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:...)."
  }
}

variable "tags" {
  description = "Tags for every resource of the module."
  type        = map(string)
  default     = {}
  nullable    = false
}
