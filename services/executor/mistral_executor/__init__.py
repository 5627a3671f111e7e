"""The executor: runs actions and reports their results.

Work comes over the bus in envelopes, results go back over the bus in envelopes. It keeps nothing on disk and never
talks to Postgres: whatever it had in hand when it died is decided by the engine and by the other executors.
"""
