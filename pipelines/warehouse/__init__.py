"""The lake becomes published figures: dbt is run here, its tables are copied, swapped in and explained.

What a figure means stands in dbt_project, not here.
"""
