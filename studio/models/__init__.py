"""Base models: what a folder, a .gguf file, the hub or the sample is, before weights are read."""
