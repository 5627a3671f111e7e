"""Workers: processes in any language that connect, say what they offer, and are given runs of it.

This room keeps their sessions and leases. It runs no action itself, and decides nothing about a workflow.
"""
