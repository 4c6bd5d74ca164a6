"""From files to token ids and word vectors: tokenizers, vocabulary, GloVe."""
