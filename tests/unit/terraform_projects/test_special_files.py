"""Files that change how a directory is read."""

from terraform.special_files import special_files


def test_each_special_file_is_told_with_what_it_does() -> None:
    """Others are not."""
    names = (
        "main.tf",
        "main.tofu",
        "new.tofu",
        "x.tofu.json",
        "x.tf.json",
        "override.tf",
        "a_override.tf.json",
        "overrides.tf",
        "terraform.tfvars",
        "prod.auto.tfvars.json",
        "prod.tfvars",
    )

    assert special_files(names) == (
        "a_override.tf.json replaces parts of other blocks",
        "main.tofu stands in for main.tf under OpenTofu",
        "new.tofu is read by OpenTofu alone",
        "override.tf replaces parts of other blocks",
        "prod.auto.tfvars.json sets variables",
        "terraform.tfvars sets variables",
        "x.tofu.json stands in for x.tf.json under OpenTofu",
    )
