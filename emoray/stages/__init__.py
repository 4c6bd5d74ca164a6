"""The flow, arrow by arrow: text, training, compression, decisions, latency.

Every stage is a frozen value; its stage-valued fields are its inputs, the others what it reads.
Raise `version` when a stage's code changes what its files say. Heavy libraries are imported where
a stage runs.
"""
