module "orders_key" {
  source = "../../"

  name       = "orders"
  account_id = "111122223333"
  user_arns  = ["arn:aws:iam::111122223333:role/orders-api"]
  tags       = { team = "shop" }
}
