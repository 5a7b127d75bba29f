mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }
}

variables {
  name      = "maintenance"
  vpc_id    = "vpc-0a1b2c3d"
  subnet_id = "subnet-0a1b2c3d"
  ami_id    = "ami-0a1b2c3d"
}

run "defaults_are_closed_and_encrypted" {
  command = plan

  assert {
    condition     = aws_instance.this.associate_public_ip_address == false
    error_message = "The instance must have no public address."
  }
  assert {
    condition     = aws_instance.this.metadata_options[0].http_tokens == "required"
    error_message = "IMDSv2 must be required."
  }
  assert {
    condition     = aws_instance.this.root_block_device[0].encrypted
    error_message = "The root volume must be encrypted."
  }
  assert {
    condition     = endswith(aws_iam_role_policy_attachment.ssm.policy_arn, ":policy/AmazonSSMManagedInstanceCore")
    error_message = "SSM must be able to reach the instance."
  }
}

run "options_set_image_and_size" {
  command = plan

  variables {
    ami_id         = "ami-1a2b3c4d"
    root_volume_gb = 100
  }

  assert {
    condition     = aws_instance.this.ami == "ami-1a2b3c4d"
    error_message = "The named image must be used."
  }
  assert {
    condition     = aws_instance.this.root_block_device[0].volume_size == 100
    error_message = "The volume must have the named size."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name           = "no spaces"
    vpc_id         = "main"
    subnet_id      = "private"
    instance_type  = "big"
    ami_id         = "ubuntu"
    root_volume_gb = 1
    kms_key_arn    = "key"
  }

  expect_failures = [
    var.name,
    var.vpc_id,
    var.subnet_id,
    var.instance_type,
    var.ami_id,
    var.root_volume_gb,
    var.kms_key_arn,
  ]
}
