module "network" {
  source = "../../"

  name         = "shop"
  cidr_block   = "10.20.0.0/16"
  nat_gateways = "single"
  tags         = { team = "platform" }
}
