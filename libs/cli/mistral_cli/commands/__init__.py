"""The commands of mistralctl, one module per group."""
