module "orders_database" {
  source = "../../"

  name                       = "orders"
  vpc_id                     = "vpc-0a1b2c3d4e5f67890"
  subnet_ids                 = ["subnet-0a1b2c3d4e5f67890", "subnet-0b1c2d3e4f5a67890"]
  allowed_security_group_ids = ["sg-0a1b2c3d4e5f67890"]
  database_name              = "orders"
  tags                       = { team = "shop" }
}
