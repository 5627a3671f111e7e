"""Greetings as actions."""
