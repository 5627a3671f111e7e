"""Actions of a harbour."""
