"""Rows of a finished run made again: from their artifact, or from nothing but their spec.

`record` reads what the run says, `chain` checks what lies in its store, `rerun` runs an artifact
from raw text, `scratch` trains anew, `verdict` holds found against recorded.
"""
