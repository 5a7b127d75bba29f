variable "name" {
  description = "Name of the repository; slashes make namespaces."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.name)) && length(var.name) >= 2 && length(var.name) <= 256
    error_message = "name must be 2 to 256 lower-case letters and digits, separated by single dots, hyphens, underscores or slashes."
  }
}

variable "immutable_tags" {
  description = "Refuse to move an image tag once it is pushed."
  type        = bool
  default     = true
  nullable    = false
}

variable "keep_images" {
  description = "Number of newest images to keep; older ones are deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.keep_images >= 1 && floor(var.keep_images) == var.keep_images
    error_message = "keep_images must be a whole number of at least 1."
  }
}

variable "untagged_retention_days" {
  description = "Delete images without a tag after this many days."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.untagged_retention_days >= 1 && floor(var.untagged_retention_days) == var.untagged_retention_days
    error_message = "untagged_retention_days must be a whole number of at least 1."
  }
}

variable "force_delete" {
  description = "Let Terraform delete the repository while it still holds images."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the images; null uses the AWS-managed key for ECR."
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
