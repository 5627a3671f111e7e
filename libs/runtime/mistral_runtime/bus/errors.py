"""What can go wrong on the bus.

* BusError
  + BusUnavailable: no answer in time; trying later may succeed
  + BusRefused: the server understood and said no; trying again will not help
    - MessageTooLarge
  + BusClosed: the connection has ended for good
"""


class BusError(Exception):
    """Something went wrong on the bus."""


class BusUnavailable(BusError):
    """The bus did not confirm in time; the message may or may not have been stored."""


class BusRefused(BusError):
    """The bus refused what was asked."""


class MessageTooLarge(BusRefused):
    """The message is larger than the server takes."""


class BusClosed(BusError):
    """The connection to the bus has been closed."""
