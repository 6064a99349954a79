"""Files become rows of the lake: read, recognised, conformed to a contract, receipted.

Knows nothing of what is computed from the rows.
"""
