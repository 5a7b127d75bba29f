mock_provider "aws" {
  mock_data "aws_region" {
    defaults = {
      id = "eu-west-1"
    }
  }
}

variables {
  name = "shop"
}

run "defaults_are_two_zones_without_a_way_out" {
  command = plan

  assert {
    condition     = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == { "eu-west-1a" = "10.0.0.0/20", "eu-west-1b" = "10.0.16.0/20" }
    error_message = "Public subnets must take the first blocks."
  }
  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { "eu-west-1a" = "10.0.128.0/20", "eu-west-1b" = "10.0.144.0/20" }
    error_message = "Private subnets must take the ninth block and on."
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_route.nat) == 0
    error_message = "Private subnets have no way out by default."
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.retention_in_days == 365
    error_message = "All traffic must be logged for a year."
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "No subnet may hand out public addresses."
  }
}

run "options_choose_zones_and_one_nat_gateway" {
  command = plan

  variables {
    zone_count   = 3
    zone_names   = ["eu-west-1a", "eu-west-1c", "eu-west-1d"]
    nat_gateways = "single"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a"] && length(aws_route.nat) == 3
    error_message = "One NAT gateway must serve all zones."
  }
}

run "options_make_a_nat_gateway_per_zone" {
  command = plan

  variables {
    nat_gateways = "per_zone"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-west-1a", "eu-west-1b"]
    error_message = "Each zone must have its NAT gateway."
  }
}

run "refuses_bad_values" {
  command = plan

  variables {
    name                    = "no spaces"
    cidr_block              = "10.0.0.0/28"
    nat_gateways            = "many"
    flow_log_retention_days = 2
    kms_key_arn             = "key"
  }

  expect_failures = [
    var.name,
    var.cidr_block,
    var.nat_gateways,
    var.flow_log_retention_days,
    var.kms_key_arn,
  ]
}

run "refuses_too_many_zones" {
  command = plan

  variables {
    zone_count = 5
  }

  expect_failures = [var.zone_count]
}
