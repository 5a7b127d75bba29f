output "id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "cidr_block" {
  description = "IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "Ids of the public subnets, by zone."
  value       = [for zone in local.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Ids of the private subnets, by zone."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
}

output "private_route_table_ids" {
  description = "Ids of the private route tables, for endpoints and peering."
  value       = [for zone in local.zones : aws_route_table.private[zone].id]
}
