"""The dashboard: a frame and views over the leadership's published file.

Belongs here: what a reader sees. `queries.py` holds all SQL, `formatting.py` how a figure is written,
`charts.py` how it is drawn, `components.py` the pieces that views share, `strings/` every text, `views/` one file a page.
Does not belong here: any computation of a metric (that is dbt's), and any file but `published/`.
"""
