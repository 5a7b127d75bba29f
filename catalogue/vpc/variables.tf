variable "name" {
  description = "Name of the VPC and of what belongs to it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "name must be 1 to 50 letters, digits, underscores and hyphens."
  }
}

variable "cidr_block" {
  description = "IPv4 range, /16 to /24; each subnet gets a sixteenth of it."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr_block)) && try(tonumber(split("/", var.cidr_block)[1]) >= 16 && tonumber(split("/", var.cidr_block)[1]) <= 24, false)
    error_message = "cidr_block must be an IPv4 range from /16 to /24, such as 10.0.0.0/16."
  }
}

variable "zone_count" {
  description = "Availability zones to use, one public and one private subnet in each."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4], var.zone_count)
    error_message = "zone_count must be 1, 2, 3 or 4."
  }
}

variable "zone_names" {
  description = "Names of the zones to choose from; empty takes the region's a, b, c and d."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "nat_gateways" {
  description = "How private subnets reach the internet: none, single (one for all) or per_zone."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "single", "per_zone"], var.nat_gateways)
    error_message = "nat_gateways must be none, single or per_zone."
  }
}

variable "flow_log_retention_days" {
  description = "Days the flow logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_log_retention_days)
    error_message = "flow_log_retention_days must be a period CloudWatch knows, such as 30, 90, 365 or 731."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the flow logs; CloudWatch Logs must be allowed to use it. Null lets CloudWatch encrypt."
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
