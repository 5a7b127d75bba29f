variable "name" {
  description = "Name of the bucket, unique in all of AWS."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 63 lower-case letters, digits and hyphens, and start and end with a letter or digit."
  }
}

variable "versioning" {
  description = "Keep the earlier versions of overwritten and deleted objects."
  type        = bool
  default     = true
  nullable    = false
}

variable "retention_days" {
  description = "Delete objects this many days after they were written; null keeps them."
  type        = number
  default     = null

  validation {
    condition     = var.retention_days == null ? true : var.retention_days >= 1 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of at least 1, or null to keep objects."
  }
}

variable "noncurrent_retention_days" {
  description = "Delete earlier versions of an object this many days after they were replaced."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_retention_days >= 1 && floor(var.noncurrent_retention_days) == var.noncurrent_retention_days
    error_message = "noncurrent_retention_days must be a whole number of at least 1."
  }
}

variable "access_log_bucket" {
  description = "Name of the bucket that receives access logs; null writes none."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Let Terraform delete the bucket while it still holds objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the objects; null uses the AWS-managed key for S3."
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
