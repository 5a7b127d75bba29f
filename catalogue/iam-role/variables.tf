variable "name" {
  description = "Name of the role."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits and the characters + = , . @ _ -."
  }
}

variable "description" {
  description = "What the workload does; null says it is managed by Terraform."
  type        = string
  default     = null
}

variable "trusted_service" {
  description = "AWS service the workload runs in, such as `ecs-tasks.amazonaws.com`; null when `oidc_provider_arn` is set."
  type        = string
  default     = null

  validation {
    condition     = var.trusted_service == null || can(regex("^[a-z0-9.-]+\\.amazonaws\\.com(\\.cn)?$", var.trusted_service))
    error_message = "trusted_service must be a service name such as ecs-tasks.amazonaws.com."
  }
}

variable "oidc_provider_arn" {
  description = "ARN of the IAM OIDC provider of a Kubernetes cluster or CI system; null when `trusted_service` is set."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null || can(regex("^arn:[\\w-]+:iam::[0-9]{12}:oidc-provider/.+$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn must be the ARN of an IAM OIDC provider."
  }
}

variable "oidc_subjects" {
  description = "Exact subjects that may take the role, such as `system:serviceaccount:shop:orders`."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for subject in var.oidc_subjects : length(subject) > 0 && !strcontains(subject, "*")])
    error_message = "oidc_subjects must be exact; wildcards are refused."
  }
}

variable "oidc_audience" {
  description = "Audience the OIDC tokens are issued for."
  type        = string
  default     = "sts.amazonaws.com"
  nullable    = false
}

variable "allowed_actions" {
  description = "Actions the workload may call on `allowed_resources`, such as `s3:GetObject`."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for action in var.allowed_actions : can(regex("^[a-z0-9-]+:[A-Za-z]+\\*?$", action))])
    error_message = "allowed_actions must name a service and an action (s3:GetObject, sqs:Receive*); whole services are refused."
  }
}

variable "allowed_resources" {
  description = "ARNs the allowed actions apply to."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.allowed_resources : can(regex("^arn:[\\w-]+:[a-z0-9-]+:.*[^*:].*$", arn))])
    error_message = "allowed_resources must be ARNs that name a service and a resource."
  }
}

variable "managed_policy_arns" {
  description = "ARNs of managed policies to attach."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.managed_policy_arns : can(regex("^arn:[\\w-]+:iam::(aws|[0-9]{12}):policy/", arn)) && !endswith(arn, "/AdministratorAccess")])
    error_message = "managed_policy_arns must hold ARNs of IAM policies; AdministratorAccess is refused."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the role; null sets none."
  type        = string
  default     = null
}

variable "max_session_hours" {
  description = "Longest session of the role, in hours."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.max_session_hours >= 1 && var.max_session_hours <= 12
    error_message = "max_session_hours must be 1 to 12."
  }
}

variable "tags" {
  description = "Tags for every resource of the module."
  type        = map(string)
  default     = {}
  nullable    = false
}
