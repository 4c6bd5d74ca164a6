"""The steps of a run, each from files to files: text, training, compression, decisions, latency.

Every stage is a frozen value; its stage-valued fields are its inputs, the others its settings.
`run(inputs, out)` reads the folders of its inputs, by the names of these fields, and writes to the
folder `out`. Raise `version` when a stage's code changes what its files hold. Heavy libraries are
imported where a stage runs.
"""
