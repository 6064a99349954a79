"""The sample company: invented events, written as the files departments really send, with the answer key beside them.

Nothing here runs the pipeline and nothing in the pipeline reads from here: the truth is worth something only
because it is computed from the events, not from the tables.
"""
