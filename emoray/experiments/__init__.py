"""Two artifacts on live traffic: their answers, one stream of texts, what it shows."""
