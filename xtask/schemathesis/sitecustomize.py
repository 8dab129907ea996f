"""No cycle collection in this short-lived tool.

CPython 3.11 fails with "AST constructor recursion depth mismatch" when a collection runs while it turns a parsed
lambda into objects, which the generator of requests does all the time.
"""

import gc

gc.disable()
