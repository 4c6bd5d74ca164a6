"""The `bert` family: a transformers encoder with a linear head, fine-tuned in plain PyTorch."""
