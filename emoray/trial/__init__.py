"""One trial as stages from files to files, and the store that keeps each finished stage."""
