module "checkout" {
  source = "../../"

  name = "shop/checkout"
  tags = { team = "shop" }
}
