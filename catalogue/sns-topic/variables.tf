variable "name" {
  description = "Name of the topic, without `.fifo`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,251}$", var.name))
    error_message = "name must be 1 to 251 letters, digits, underscores and hyphens (no .fifo suffix)."
  }
}

variable "fifo" {
  description = "Deliver messages in order; subscribers must then be FIFO queues."
  type        = bool
  default     = false
  nullable    = false
}

variable "display_name" {
  description = "Sender name that e-mail subscribers see; null shows none."
  type        = string
  default     = null

  validation {
    condition     = var.display_name == null || can(regex("^.{1,100}$", var.display_name))
    error_message = "display_name must be 1 to 100 characters on one line."
  }
}

variable "email_subscribers" {
  description = "E-mail addresses to subscribe; each owner must confirm."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.email_subscribers : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "email_subscribers must hold e-mail addresses."
  }
}

variable "queue_subscriber_arns" {
  description = "ARNs of SQS queues to subscribe; their own policies must let the topic send."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.queue_subscriber_arns : can(regex("^arn:[\\w-]+:sqs:", arn))])
    error_message = "queue_subscriber_arns must hold ARNs of SQS queues (arn:aws:sqs:...)."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the messages; null uses the AWS-managed key for SNS."
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
