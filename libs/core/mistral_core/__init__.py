"""The workflow language and the pure machine that runs it.

Nothing in here reads a clock, a socket, a file or a random source: what a
decision needs comes in with the event, and what must be done goes out as a
command. That is what makes dry runs, replay and property tests free.

* ``language``: text to specification, and what is wrong with a text
* ``expressions``: YAQL and Jinja inside specifications
* ``machine``: one event and one execution to the next execution
* ``errors``: what can go wrong, named once
"""
