"""How much a reader accepts, as named numbers with their reasons.

Belongs here: every limit that protects a run from a hostile or broken file. Not here: the checks themselves.
"""

MIB = 1024 * 1024

MAX_COLUMNS = 2_000  # the widest honest export seen has a few hundred; each column costs memory in every batch
MAX_HEADER_CHARACTERS = 500  # a longer "header" is text or data, not a name

SAMPLE_BYTES = 512 * 1024  # enough for a stable decision on encoding and delimiter, read in a millisecond
PREVIEW_ROWS = 60  # a header stands within the first rows; more title rows than this were never seen
CHUNK_BYTES = 16 * MIB  # what a batch costs whatever its size hardly counts; half a gigabyte is enough for any file
MAX_RECORD_BYTES = 16 * MIB  # a longer record is not a table's row
MAX_CELL_CHARACTERS = 262_144  # eight times what a spreadsheet cell can hold; longer cells break their row only
MAX_OPEN_QUOTE_LINES = 1_000  # a quoted text of more lines than this is a quote that was never closed
WORKBOOK_BATCH_ROWS = 20_000
RECORD_BATCH_ROWS = 50_000  # json lines and parquet

MAX_ARCHIVE_MEMBERS = 1_000  # a month's folder has dozens of files
MAX_ARCHIVE_BYTES = 4 * 1024 * MIB  # unpacked, all members together: larger sets can be dropped as files
MAX_ARCHIVE_RATIO = 200  # tables shrink 5 to 50 times; zip bombs 1,000 times and more
RATIO_COUNTS_FROM_BYTES = 8 * MIB  # a tiny member may shrink by any ratio without harm
MAX_ARCHIVE_DEPTH = 1  # a zip in a zip is a habit of mail programs; deeper nesting is not

MAX_WORKBOOK_BYTES = 768 * MIB  # unpacked XML of a workbook: a million rows of ten columns is about half of it
MAX_WORKBOOK_CELLS = 20_000_000  # workbooks are held in memory, about 32 bytes a cell, empty ones included
MAX_SHEETS = 200
MAX_JSON_ARRAY_BYTES = 256 * MIB  # one json array must be held whole; json lines have no limit
MAX_MARKUP_BYTES = 32 * MIB  # a web page saved as .xls is held whole
