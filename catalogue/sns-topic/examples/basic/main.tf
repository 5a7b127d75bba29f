module "alerts" {
  source = "../../"

  name              = "service-alerts"
  display_name      = "Alerts"
  email_subscribers = ["on-call@example.com"]
  tags              = { team = "platform" }
}
