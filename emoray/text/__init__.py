"""From files to token ids and word vectors: corpora, tokenizer, vocabulary, GloVe."""
