module "orders" {
  source = "../../"

  name                       = "orders"
  visibility_timeout_seconds = 60
  tags                       = { team = "shop" }
}
