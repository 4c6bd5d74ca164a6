"""What teams do with a finished artifact: calibrate it, evaluate it, change its decision.

Any artifact folder will do, whatever family it is of and whoever trained it: only its files count.
"""
