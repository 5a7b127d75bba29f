variable "name" {
  description = "Name of the instance and of what belongs to it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,50}$", var.name))
    error_message = "name must be 1 to 50 letters, digits, underscores and hyphens."
  }
}

variable "vpc_id" {
  description = "VPC of the instance."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC (vpc-...)."
  }
}

variable "subnet_id" {
  description = "Private subnet of the instance, with a way to the SSM endpoints."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^subnet-[0-9a-f]+$", var.subnet_id))
    error_message = "subnet_id must be the id of a subnet (subnet-...)."
  }
}

variable "ami_id" {
  description = "Machine image, named so that a plan never changes by itself."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^ami-[0-9a-f]+$", var.ami_id))
    error_message = "ami_id must be the id of an image (ami-...)."
  }
}

variable "instance_type" {
  description = "Instance type; its processor must match the image."
  type        = string
  default     = "t3.micro"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.instance_type))
    error_message = "instance_type must look like t3.micro."
  }
}

variable "root_volume_gb" {
  description = "Size of the encrypted root volume in GiB."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.root_volume_gb >= 8 && var.root_volume_gb <= 16384
    error_message = "root_volume_gb must be 8 to 16384."
  }
}

variable "user_data" {
  description = "Script that runs at the first boot; never put a secret in it."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "KMS key that encrypts the root volume; null uses the AWS-managed key for EBS."
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
