module "maintenance" {
  source = "../../"

  name      = "maintenance"
  vpc_id    = "vpc-0a1b2c3d4e5f67890"
  subnet_id = "subnet-0a1b2c3d4e5f67890"
  ami_id    = "ami-0a1b2c3d4e5f67890"
  tags      = { team = "platform" }
}
