"""Actions of packages that were written for OpenStack's ``mistral_lib``.

They are found by the entry points that Mistral looks for, and run as they are. The library is an optional extra of
this package: only ``inputs`` and ``running`` import it, and only once an installed package asks for it.
"""
