# Every module of the catalogue, wired together, for one apply against a stand-in cloud.

variable "package" {
  description = "Zip file for the Lambda function."
  type        = string
}

locals {
  account = "123456789012"
}

module "network" {
  source = "./catalogue/vpc"

  name         = "all"
  nat_gateways = "single"
}

module "key" {
  source = "./catalogue/kms-key"

  name                  = "all"
  account_id            = local.account
  allow_cloudwatch_logs = true
}

module "bucket" {
  source = "./catalogue/s3-bucket"

  name           = "all-modules"
  retention_days = 90
  force_destroy  = true
  kms_key_arn    = module.key.arn
}

# moto ignores the condition of the module's policy and refuses every read of its objects.
resource "aws_s3_bucket" "packages" {
  bucket = "all-modules-packages"
}

resource "aws_s3_object" "package" {
  bucket = aws_s3_bucket.packages.id
  key    = "function/1.0.0.zip"
  source = var.package
}

module "function" {
  source = "./catalogue/lambda-function"

  name           = "all"
  runtime        = "python3.13"
  handler        = "app.handler"
  package_bucket = aws_s3_bucket.packages.id
  package_key    = aws_s3_object.package.key
}

module "database" {
  source = "./catalogue/rds-postgresql"

  name                = "all"
  vpc_id              = module.network.id
  subnet_ids          = module.network.private_subnet_ids
  deletion_protection = false
  skip_final_snapshot = true
}

module "instance" {
  source = "./catalogue/ec2-instance"

  name      = "all"
  vpc_id    = module.network.id
  subnet_id = module.network.private_subnet_ids[0]
  ami_id    = "ami-1e749f67" # moto keeps it
}

module "table" {
  source = "./catalogue/dynamodb-table"

  name                = "all"
  range_key           = "created_at"
  ttl_attribute       = "expires_at"
  deletion_protection = false
}

module "queue" {
  source = "./catalogue/sqs-queue"

  name = "all"
}

module "topic" {
  source = "./catalogue/sns-topic"

  name                  = "all"
  queue_subscriber_arns = ["arn:aws:sqs:eu-west-1:${local.account}:all"]

  depends_on = [module.queue]
}

module "repository" {
  source = "./catalogue/ecr-repository"

  name = "all/modules"
}

module "role" {
  source = "./catalogue/iam-role"

  name              = "all-workload"
  trusted_service   = "ecs-tasks.amazonaws.com"
  allowed_actions   = ["sqs:SendMessage"]
  allowed_resources = ["arn:aws:sqs:eu-west-1:${local.account}:all"]
}

output "made" {
  description = "What each module gave, by module."
  value = {
    dynamodb-table  = module.table.arn
    ec2-instance    = module.instance.id
    ecr-repository  = module.repository.url
    iam-role        = module.role.arn
    kms-key         = module.key.arn
    lambda-function = module.function.arn
    rds-postgresql  = module.database.endpoint
    s3-bucket       = module.bucket.arn
    sns-topic       = module.topic.arn
    sqs-queue       = module.queue.url
    vpc             = module.network.id
  }
}
