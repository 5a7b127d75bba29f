module "orders_role" {
  source = "../../"

  name              = "orders-api"
  trusted_service   = "ecs-tasks.amazonaws.com"
  allowed_actions   = ["sqs:SendMessage"]
  allowed_resources = ["arn:aws:sqs:eu-west-1:111122223333:orders"]
  tags              = { team = "shop" }
}
