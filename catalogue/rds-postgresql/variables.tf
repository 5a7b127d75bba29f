variable "name" {
  description = "Name of the database instance."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9]|-[a-z0-9]){0,47}$", var.name))
    error_message = "name must be lower-case letters, digits and single hyphens, start with a letter and be short (up to 48)."
  }
}

variable "vpc_id" {
  description = "VPC of the database."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC (vpc-...)."
  }
}

variable "subnet_ids" {
  description = "Private subnets of the database, in at least two zones."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must hold at least two subnets, in two zones."
  }
}

variable "allowed_security_group_ids" {
  description = "Security groups that may connect."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.allowed_security_group_ids : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "allowed_security_group_ids must hold ids of security groups (sg-...)."
  }
}

variable "engine_version" {
  description = "Major version of PostgreSQL."
  type        = string
  default     = "17"
  nullable    = false

  validation {
    condition     = contains(["14", "15", "16", "17"], var.engine_version)
    error_message = "engine_version must be 14, 15, 16 or 17."
  }
}

variable "instance_class" {
  description = "Instance class."
  type        = string
  default     = "db.t4g.small"
  nullable    = false

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.instance_class))
    error_message = "instance_class must look like db.t4g.small."
  }
}

variable "storage_gb" {
  description = "Size of the storage in GiB."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.storage_gb >= 20 && var.storage_gb <= 65536
    error_message = "storage_gb must be 20 to 65536."
  }
}

variable "max_storage_gb" {
  description = "Size the storage may grow to by itself; 0 turns growth off."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.max_storage_gb >= 0 && var.max_storage_gb <= 65536
    error_message = "max_storage_gb must be 0 to 65536."
  }
}

variable "database_name" {
  description = "Database to create in the instance."
  type        = string
  default     = "app"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database_name))
    error_message = "database_name must be lower-case letters, digits and underscores, and start with a letter."
  }
}

variable "multi_az" {
  description = "Keep a standby in a second zone."
  type        = bool
  default     = true
  nullable    = false
}

variable "backup_retention_days" {
  description = "Days the automatic backups are kept."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35
    error_message = "backup_retention_days must be 1 to 35."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the database until this is turned off."
  type        = bool
  default     = true
  nullable    = false
}

variable "skip_final_snapshot" {
  description = "Delete the database without a last snapshot."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "KMS key for storage, password and performance data; null uses AWS-managed keys."
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
