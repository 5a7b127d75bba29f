module "sessions" {
  source = "../../"

  name          = "web-sessions"
  hash_key      = "session_id"
  ttl_attribute = "expires_at"
  tags          = { team = "web" }
}
