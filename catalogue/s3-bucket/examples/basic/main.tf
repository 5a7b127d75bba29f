module "audit_logs" {
  source = "../../"

  name           = "acme-audit-logs"
  retention_days = 90
  tags           = { team = "platform" }
}
