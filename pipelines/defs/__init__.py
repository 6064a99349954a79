"""The street as Dagster sees it: thin definitions over pipelines/stepwise.py.

Belongs here: assets, checks, partitions, schedules, the sensor, the run's resource. Not here: any work.
"""
