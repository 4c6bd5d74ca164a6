"""The `features` family: rows of fixed numbers under the dense layers of the words' family."""
