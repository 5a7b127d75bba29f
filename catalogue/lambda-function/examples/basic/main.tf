module "thumbnails" {
  source = "../../"

  name           = "thumbnails"
  runtime        = "python3.13"
  handler        = "app.handler"
  package_bucket = "acme-packages"
  package_key    = "thumbnails/1.4.0.zip"
  environment    = { WIDTH = "320" }
  tags           = { team = "web" }
}
