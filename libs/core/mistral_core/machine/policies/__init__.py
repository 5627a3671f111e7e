"""The policies of a task, one module each: what they do before its work starts or after it has ended.

A policy's value is evaluated right before it is used; one of a wrong type is a mistake of the definition.
"""
