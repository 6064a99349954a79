"""Which failures are worth another try, and what a failed step may say.

Belongs here: the retry policy and the one place where an error becomes a step's failure. Not here: the errors.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.errors import MarketLedgerError

# Somebody has the warehouse or a file open, or the disk was busy: over in a minute or two.
RETRIES = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
PASSING = (
    "could not set lock",
    "resource temporarily unavailable",
    "text file busy",
    "device or resource busy",
    "stopped answering",
)


@contextmanager
def failing_plainly() -> Iterator[None]:
    """Bad data is no better a minute later: only what passes by itself is tried again.

    An error of a library may quote cells, and Dagster keeps every message: of an error that is not our own, only its
    kind and its place are told.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        if is_passing(error):
            raise dg.Failure(description=f"{_said(error)} (tried again)") from None
        raise dg.Failure(description=_said(error), allow_retries=False) from None


def is_passing(error: Exception) -> bool:
    """Whether the same step may succeed a little later with the same data."""
    return any(words in str(error).lower() for words in PASSING)


def _said(error: Exception) -> str:
    if isinstance(error, MarketLedgerError):
        return error.message("en").partition("\n")[0]
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {place}"
