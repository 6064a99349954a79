"""From files as departments send them to published figures; `market-ledger` (cli.py) is the way in."""
