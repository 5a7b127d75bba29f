mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
}

variables {
  name       = "orders"
  vpc_id     = "vpc-0a1b2c3d"
  subnet_ids = ["subnet-0a1b2c3d", "subnet-0b1c2d3e"]
}

run "defaults_are_private_encrypted_and_protected" {
  command = plan

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted
    error_message = "The database must be private and encrypted."
  }
  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.deletion_protection && aws_db_instance.this.backup_retention_period == 14
    error_message = "The database must have a standby, protection and two weeks of backups."
  }
  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "RDS must keep the password; Terraform never sees it."
  }
  assert {
    condition     = contains([for item in aws_db_parameter_group.this.parameter : "${item.name}=${item.value}"], "rds.force_ssl=1")
    error_message = "Connections must use TLS."
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.client) == 0
    error_message = "Nobody may connect by default."
  }
}

run "options_let_a_client_in" {
  command = plan

  variables {
    engine_version             = "16"
    allowed_security_group_ids = ["sg-0a1b2c3d"]
    multi_az                   = false
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.client["sg-0a1b2c3d"].to_port == 5432
    error_message = "The named group must reach PostgreSQL."
  }
  assert {
    condition     = aws_db_parameter_group.this.family == "postgres16"
    error_message = "The parameters must belong to the engine version."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                       = "Orders"
    vpc_id                     = "main"
    subnet_ids                 = ["subnet-0a1b2c3d"]
    allowed_security_group_ids = ["0.0.0.0/0"]
    engine_version             = "9.6"
    instance_class             = "t4g.small"
    storage_gb                 = 5
    max_storage_gb             = -1
    database_name              = "Orders"
    backup_retention_days      = 0
    kms_key_arn                = "key"
  }

  expect_failures = [
    var.name,
    var.vpc_id,
    var.subnet_ids,
    var.allowed_security_group_ids,
    var.engine_version,
    var.instance_class,
    var.storage_gb,
    var.max_storage_gb,
    var.database_name,
    var.backup_retention_days,
    var.kms_key_arn,
  ]
}

run "refuses_a_limit_below_the_size" {
  command = plan

  variables {
    storage_gb     = 200
    max_storage_gb = 100
  }

  expect_failures = [aws_db_instance.this]
}
