"""The `glove` family: word vectors, pooled, with dense layers, trained in Keras."""
