"""From files to token ids and word vectors: corpora, their sources, the tokenizer, the vocabulary, GloVe."""
